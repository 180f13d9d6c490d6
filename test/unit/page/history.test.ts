import { describe, expect, it } from '@jest/globals';
import { SAMPLE_EVERY_MS, SampleHistory } from '../../../src/page/history.ts';

const NOTHING = { applied: 0, duplicate: 0, ignored: 0, deadLettered: 0, bytes: 0 };

function given() {
  const history = new SampleHistory();
  let atMs = 0;
  const add = (applied: number, lags: Readonly<Record<string, number | null>> = {}): void => {
    atMs += SAMPLE_EVERY_MS;
    history.add({
      atMs,
      monotonicMs: atMs,
      counts: { ...NOTHING, applied },
      lags: new Map(Object.entries(lags)),
    });
  };
  return { history, add };
}

describe('the history', () => {
  it('turns totals into rates, and a restart into no negative one', () => {
    const { history, add } = given();
    for (const applied of [100, 120, 130, 4]) add(applied);

    expect(history.after(0).applied).toEqual([0, 10, 5, 0]);
  });

  it('tells only what came after what was told', () => {
    const { history, add } = given();
    for (const applied of [1, 2, 3]) add(applied);

    expect(history.after(2)).toMatchObject({ last: 3, times: [3 * SAMPLE_EVERY_MS] });
    expect(history.after(3).times).toEqual([]);
  });

  it('tells all to who asks with a number of another process', () => {
    const { history, add } = given();
    add(1);

    expect(history.after(700).times).toHaveLength(1);
  });

  it('keeps a quarter of an hour', () => {
    const { history, add } = given();
    for (let applied = 0; applied < 1_000; applied += 1) add(applied);

    expect(history.after(0).times).toHaveLength(450);
    expect(history.after(0).last).toBe(1_000);
  });

  it('sends the lines of the slowest shards, with the slowest of all; unknown stays unknown', () => {
    const { history, add } = given();
    const lags = Object.fromEntries(Array.from({ length: 20 }, (_, shard) => [`s${shard}`, shard * 1_000]));
    add(0, { ...lags, odd: null });
    add(0, { odd: null });

    const { shards, lagMax } = history.after(0);

    expect(lagMax).toEqual([19_000, null]);
    expect(Object.keys(shards).sort()).toEqual(['s12', 's13', 's14', 's15', 's16', 's17', 's18', 's19']);
    expect(shards['s19']).toEqual([19_000, null]);
  });

  it('says when all is caught up, while it catches up', () => {
    const { history, add } = given();
    add(0, { a: 60_000 });
    add(0, { a: 40_000 });
    expect(history.etaMs(60_000)).toBe(4_000);

    add(0, { a: 70_000 });
    expect(history.etaMs(60_000)).toBeNull();
  });

  it('counts what became of events lately', () => {
    const { history, add } = given();
    for (let applied = 10; applied <= 100; applied += 10) add(applied);

    expect(history.countsOver(2 * SAMPLE_EVERY_MS).applied).toBe(20);
    expect(history.eventsPerSecond(10_000)).toBe(5);
  });
});
