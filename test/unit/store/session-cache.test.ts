import { describe, expect, it } from '@jest/globals';
import { EMPTY_MEMORY } from '../../../src/reduce/dedup-memory.ts';
import { emptySession } from '../../../src/reduce/session.ts';
import { sessionToItem } from '../../../src/store/session-attributes.ts';
import { SessionCache } from '../../../src/store/session-cache.ts';
import type { StoredSession } from '../../../src/store/stored-session.ts';

const session = (sid: string): StoredSession => ({
  session: emptySession(sid),
  memory: EMPTY_MEMORY,
  version: 1,
  unknown: {},
});

function given(size: number) {
  const cache = new SessionCache(size);
  const set = (stored: StoredSession): void =>
    cache.set(
      stored.session.dataSessionSid,
      stored,
      sessionToItem(stored, { updatedAtMs: 0 })['dedup'] as Uint8Array,
    );
  return { cache, set };
}

describe('the cache of sessions', () => {
  it('gives back what was set last, until it is deleted', () => {
    const { cache, set } = given(10_000);
    set(session('a'));
    set({ ...session('a'), version: 2 });
    expect(cache.get('a')).toEqual({ ...session('a'), version: 2 });

    cache.delete('a');
    expect(cache.get('a')).toBeUndefined();
  });

  it('forgets what was set first when it is full', () => {
    const { cache, set } = given(384);
    for (const sid of ['a', 'b', 'c', 'd']) set(session(sid));

    expect(['a', 'b', 'c', 'd'].filter((sid) => cache.get(sid))).toEqual(['b', 'c', 'd']);
  });

  it('does not keep a session with attributes that it does not know', () => {
    const { cache, set } = given(10_000);
    set(session('a'));
    set({ ...session('a'), unknown: { added_later: 'x' } });

    expect(cache.get('a')).toBeUndefined();
  });

  it('of no size keeps nothing', () => {
    const { cache, set } = given(0);
    set(session('a'));

    expect(cache.get('a')).toBeUndefined();
  });

  it('is not trusted once a fifth of what it held was stale, and trusted again when that is over', () => {
    const { cache } = given(1_000);
    for (let at = 0; at < 30; at += 1) cache.sample(true);
    expect(cache.isTrusted).toBe(true);
    for (let at = 0; at < 60; at += 1) cache.sample(true);
    expect(cache.isTrusted).toBe(false);

    for (let at = 0; at < 400; at += 1) cache.sample(false);
    expect(cache.isTrusted).toBe(true);
  });
});
