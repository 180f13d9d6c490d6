import { describe, expect, it } from '@jest/globals';
import { EMPTY_MEMORY, type EventId } from '../../../src/reduce/dedup-memory.ts';
import { emptySession } from '../../../src/reduce/session.ts';
import { type CachedSession, SessionCache } from '../../../src/store/session-cache.ts';

const entry = (sid: string, ids = 0): CachedSession => ({
  stored: {
    session: emptySession(sid),
    memory: { ...EMPTY_MEMORY, ring: Array<EventId>(ids).fill('0'.repeat(32) as EventId) },
    version: 1,
    unknown: {},
  },
  item: {},
});

describe('the cache of sessions', () => {
  it('forgets what was written longest ago when it is full', () => {
    const cache = new SessionCache(8_000);
    for (const sid of ['a', 'b', 'c']) cache.set(sid, entry(sid));
    cache.set('a', entry('a'));
    cache.set('d', entry('d'));

    expect(['a', 'b', 'c', 'd'].filter((sid) => cache.get(sid))).toEqual(['a', 'c', 'd']);
  });

  it('counts bytes, not entries', () => {
    const cache = new SessionCache(8_000);
    for (const sid of ['a', 'b', 'c']) cache.set(sid, entry(sid));
    cache.set('large', entry('large', 60));

    expect(['a', 'b', 'c', 'large'].filter((sid) => cache.get(sid))).toEqual(['large']);
  });

  it('of no size keeps nothing', () => {
    const cache = new SessionCache(0);
    cache.set('a', entry('a'));

    expect(cache.get('a')).toBeUndefined();
  });

  it('is not trusted once a fifth of what it held was stale, and trusted again when that is over', () => {
    const cache = new SessionCache(8_000);
    for (let at = 0; at < 30; at += 1) cache.sample(true);
    expect(cache.isTrusted).toBe(true);
    for (let at = 0; at < 60; at += 1) cache.sample(true);
    expect(cache.isTrusted).toBe(false);

    for (let at = 0; at < 400; at += 1) cache.sample(false);
    expect(cache.isTrusted).toBe(true);
  });
});
