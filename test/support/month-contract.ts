/** The suite over a generated month: a small one with each `npm test`, the whole with the slow tests. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { simTruthOf } from '../../src/local/sim-truth.ts';
import type { Reader } from '../../src/reader/index.ts';
import type { Granularity } from '../../src/reconcile/usage-record.ts';
import { MONTH_START_MS, type Month, type MonthOptions, makeMonth, type RawEvent } from './month.ts';
import { bySim, checkSims, checkUsage, lostLines, reconcileMonth, storeMonth } from './month-checks.ts';
import { distinct, type Lines, usageBy } from './month-recount.ts';

const DAY_MS = 86_400_000;

export function monthContract(options: MonthOptions): void {
  const { sims, days } = options;
  describe(`${days} days of ${sims} SIMs, read through the reader`, () => {
    let month: Month;
    let reader: Reader;
    beforeAll(async () => {
      month = makeMonth(options);
      reader = await storeMonth(month);
    });

    it('hold what the test means: losses, copies, lateness, both APNs, edges of days, networks that change', () => {
      const { delivered, happened, lost } = month;
      const ends = happened.map(({ data }) => String(data['data_session_update_end_time'] ?? ''));
      const networksOf = new Map<unknown, Set<unknown>>();
      for (const { data } of happened)
        if (data['data_session_sid'])
          networksOf.set(
            data['data_session_sid'],
            (networksOf.get(data['data_session_sid']) ?? new Set()).add(data['network']),
          );
      const times = delivered.map(({ event }) => Date.parse(String(event.data['timestamp'])));

      expect(lost.length).toBeGreaterThan(0);
      expect(delivered.length - distinct(delivered.map(({ event }) => event)).length).toBeGreaterThan(0);
      const stepsBack = times.slice(1).map((time, at) => (times[at] ?? 0) - time);
      expect(stepsBack.some((ms) => ms > DAY_MS / 8)).toBe(true);
      expect(ends.some((end) => end.endsWith('T00:00:00Z'))).toBe(true);
      expect(happened.some(({ data }) => data['apn'] === 'ota.super')).toBe(true);
      expect([...networksOf.values()].some((networks) => networks.size > 1)).toBe(true);
    });

    it('have in every hour and day of every SIM and fleet what the raw events add up to, line by line', () =>
      checkUsage(reader, month, days));

    it('have every SIM in the state that its raw events tell', async () => {
      await checkSims(reader, month);
      // Flags and runs too, by the books of the generator, which are no fold either.
      const sims = bySim(distinct(month.delivered.map(({ event }) => event)));
      for (const simSid of month.simSids) {
        const own = sims.get(simSid) ?? [];
        const truth = simTruthOf(own.map((event) => ({ atMs: 0, schema: 2, ...event })));
        const sim = await reader.sim(simSid);
        expect([sim?.connection_state, sim?.flags ?? [], sim?.open_session_count]).toEqual([
          truth?.connection_state,
          truth?.flags ?? [],
          truth?.open_session_count,
        ]);
      }
    });

    it.each(['hour', 'day'] as const)(
      'reconcile by %s to exactly what was lost and what was planted',
      async (by) => {
        const { plant, planted } = plantIn(month, by);

        const found = await reconcileMonth(reader, month, days, by, plant);

        const expected = new Map<string, bigint>();
        for (const [name, { down, up }] of lostLines(month, by)) expected.set(name, -BigInt(down + up));
        for (const [name, bytes] of planted) expected.set(name, (expected.get(name) ?? 0n) + bytes);
        const nameOf = (simSid: string, startMs: number): string =>
          `${simSid} ${new Date(startMs).toISOString().slice(0, by === 'hour' ? 13 : 10)}`;
        expect(
          Object.fromEntries(
            found
              .map(
                ({ simSid, startMs, differenceBytes }) => [nameOf(simSid, startMs), differenceBytes] as const,
              )
              .sort(([a], [b]) => (a < b ? -1 : 1)),
          ),
        ).toEqual(
          Object.fromEntries(
            [...expected].filter(([, bytes]) => bytes !== 0n).sort(([a], [b]) => (a < b ? -1 : 1)),
          ),
        );
        const reasons = new Map(
          found.map(({ simSid, startMs, reason }) => [nameOf(simSid, startMs), reason]),
        );
        for (const [name, bytes] of planted)
          expect([name, reasons.get(name)]).toEqual([
            name,
            name.startsWith('HSunknown') ? 'unknown-sim' : bytes > 0n ? 'extra' : 'unexplained',
          ]);
      },
    );
  });
}

/** In SIMs of which nothing was lost and no session is open: one period that the vendor has more of, one that it has
 *  less of, one that it does not have, and a SIM that we do not know. */
function plantIn(month: Month, by: Granularity) {
  const chars = by === 'hour' ? 13 : 10;
  const nameOf = ({ data }: RawEvent, until: string): string => `${data['sim_sid']} ${until.slice(0, chars)}`;
  const touched = new Set(month.lost.map(({ data }) => data['sim_sid']));
  const ended = new Set(
    month.happened
      .filter(({ suffix }) => suffix.endsWith('.ended'))
      .map(({ data }) => data['data_session_sid']),
  );
  for (const { suffix, data } of month.happened)
    if (suffix === 'data-session.started' && !ended.has(data['data_session_sid']))
      touched.add(data['sim_sid']);
  const ours = [...usageBy(month.happened, nameOf)].filter(
    ([name, { down }]) => !touched.has(name.split(' ')[0]) && down > 10_000,
  );
  // One of each SIM, from the middle of its time.
  const bySim = new Map(ours.map((entry) => [entry[0].split(' ')[0], entry] as const));
  const [more, less, none] = [...bySim.values()] as [
    (typeof ours)[number],
    (typeof ours)[number],
    (typeof ours)[number],
  ];
  const unknown = `HSunknown ${new Date(MONTH_START_MS).toISOString().slice(0, chars)}`;
  const planted = new Map([
    [more[0], -777n],
    [less[0], 500n],
    [none[0], BigInt(none[1].down + none[1].up)],
    [unknown, -4_242n],
  ]);
  const plant = (vendor: Lines): void => {
    vendor.set(more[0], { down: more[1].down + 777, up: more[1].up });
    vendor.set(less[0], { down: less[1].down - 500, up: less[1].up });
    vendor.delete(none[0]);
    vendor.set(unknown, { down: 4_242, up: 0 });
  };
  return { plant, planted };
}
