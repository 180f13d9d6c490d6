import { NumberValue } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { asInCycle0, cutAtCycle, cycleOf, fromCycle, inCycle } from '../../bench/soak/cycle-sids.ts';
import { makeLoad } from '../../bench/stub/make-load.ts';

const SIM = `HS${'0123456789abcdef'.repeat(2)}`;

describe('a load in cycles', () => {
  it('six digits of every sid are the cycle, and nothing else changes', () => {
    const [first] = makeLoad({ devices: 2 }).shards.flat();
    const text = first?.text ?? '';

    const cycled = inCycle(cutAtCycle(text), 4_660);

    expect(cycled.length).toBe(text.length);
    const changed = [...text].flatMap((_, at) => (text[at] === cycled[at] ? [] : [at]));
    const sids = [...text.matchAll(/[A-Z]{2}[0-9a-f]{32}/g)];
    expect(sids.length).toBeGreaterThan(5);
    for (const at of changed)
      expect(sids.some(({ index }) => at >= index + 10 && at < index + 16)).toBe(true);
    for (const { index } of sids) expect(cycled.slice(index + 10, index + 16)).toBe('001234');
  });

  it('a record has as many distinct sids in every cycle, none of another cycle', () => {
    const texts = makeLoad({ devices: 20 }).shards.flat();
    const sidsIn = (cycle: number) =>
      new Set(
        texts.flatMap(({ text }) => inCycle(cutAtCycle(text), cycle).match(/[A-Z]{2}[0-9a-f]{32}/g) ?? []),
      );

    const [original, zero, one] = [
      new Set(texts.flatMap(({ text }) => text.match(/[A-Z]{2}[0-9a-f]{32}/g) ?? [])),
      sidsIn(0),
      sidsIn(1),
    ];

    expect([zero.size, one.size]).toEqual([original.size, original.size]);
    expect([...one].filter((sid) => zero.has(sid))).toEqual([]);
  });

  it('a text without sids stays as it is', () => {
    expect(inCycle(cutAtCycle('no sid: XHS0123, 0123456789abcdef'), 7)).toBe(
      'no sid: XHS0123, 0123456789abcdef',
    );
  });

  it('the cycle is read from a key’s first sid', () => {
    expect(cycleOf(inCycle(cutAtCycle(SIM), 255))).toBe(255);
    expect(cycleOf(`sim|${inCycle(cutAtCycle(SIM), 1)}`)).toBe(1);
    expect(cycleOf('shardId-000000000000')).toBeUndefined();
  });

  it('a stored value reads back as of cycle 0, sids of another cycle stay as they are', () => {
    const inThis = inCycle(cutAtCycle(SIM), 3);
    const inOther = inCycle(cutAtCycle(SIM), 4);
    const bytes = Uint8Array.of(1, 2);
    const number = NumberValue.from('12');

    expect(
      fromCycle({ [inThis]: [inThis, { at: inOther }], bytes, number, isOpen: true, none: null }, 3),
    ).toEqual({
      [inCycle(cutAtCycle(SIM), 0)]: [inCycle(cutAtCycle(SIM), 0), { at: inOther }],
      bytes,
      number,
      isOpen: true,
      none: null,
    });
  });

  it('the truth is moved to cycle 0 with its names', () => {
    expect(asInCycle0({ [SIM]: { sim_sid: SIM, bytes: 5 } })).toEqual({
      [inCycle(cutAtCycle(SIM), 0)]: { sim_sid: inCycle(cutAtCycle(SIM), 0), bytes: 5 },
    });
  });
});
