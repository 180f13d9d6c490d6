import { describe, expect, it } from '@jest/globals';
import { generateFleet } from '../../../src/local/fleet.ts';
import { personalTexts } from '../../torture/personal-texts.ts';
import { recount } from '../../torture/reread.ts';
import { type Act, floorsOf, planActs } from '../../torture/torture-options.ts';
import { reportVitals, slopeOf } from '../../torture/vitals.ts';

const FAILOVER_TIME_MS = 3_000;
const FULL = { events: 50_000, minutes: 5, seed: 1 };

describe('what a run must go through', () => {
  it('is, for five minutes, what the documents promise', () => {
    expect(floorsOf(FULL)).toEqual({
      kills: 30,
      pauses: 20,
      faults: 200,
      appliedUnanswered: 50,
      splits: 2,
      merges: 1,
      outages: 2,
      outageMs: 20_000,
    });
  });

  it.each([1, 5, 20])('is planned for in %d minutes, with pauses beyond the lease', (minutes) => {
    const options = { ...FULL, minutes };
    const floors = floorsOf(options);
    const acts = planActs(options, FAILOVER_TIME_MS);
    const count = (kind: Act['kind']): number => acts.filter((act) => act.kind === kind).length;

    expect([count('kill') > floors.kills, count('pause') > floors.pauses]).toEqual([true, true]);
    expect([count('split'), count('merge'), count('outage')]).toEqual([
      floors.splits,
      floors.merges,
      floors.outages,
    ]);
    for (const act of acts) {
      if (act.kind === 'pause') expect(act.ms).toBeGreaterThan(FAILOVER_TIME_MS);
      if (act.kind === 'outage') expect(act.ms).toBeGreaterThan(floors.outageMs);
      expect(act.atMs).toBeLessThan(minutes * 60_000);
    }
    expect(acts.map(({ atMs }) => atMs)).toEqual(acts.map(({ atMs }) => atMs).sort((a, b) => a - b));
  });

  it('is the same for the same seed, and other times for another', () => {
    expect(planActs(FULL, FAILOVER_TIME_MS)).toEqual(planActs(FULL, FAILOVER_TIME_MS));
    expect(planActs({ ...FULL, seed: 2 }, FAILOVER_TIME_MS)).not.toEqual(planActs(FULL, FAILOVER_TIME_MS));
  });
});

describe('the recount', () => {
  /** Two shards with the lines in turn, in pages of 7; the second is closed. */
  const streamOf = (texts: readonly string[]) => {
    const shards = [0, 1].map((shard) => texts.filter((_, index) => index % 2 === shard));
    const send = async ({
      constructor: { name },
      input,
    }: {
      constructor: { name: string };
      input: Record<string, string>;
    }) => {
      if (name === 'ListShardsCommand') return { Shards: [{ ShardId: '0' }, { ShardId: '1' }] };
      if (name === 'GetShardIteratorCommand') return { ShardIterator: `${input['ShardId']} 0` };
      const [shard = 0, at = 0] = String(input['ShardIterator']).split(' ').map(Number);
      const all = shards[shard] ?? [];
      const isEnd = at + 7 >= all.length;
      return {
        Records: all.slice(at, at + 7).map((text, index) => ({
          SequenceNumber: String(100 + at + index),
          Data: new TextEncoder().encode(text),
        })),
        MillisBehindLatest: isEnd ? 0 : 5,
        ...(isEnd && shard === 1 ? {} : { NextShardIterator: `${shard} ${at + 7}` }),
      };
    };
    return { send } as never;
  };

  it('comes to the generator’s own books, from the stream alone', async () => {
    const { lines, truth } = generateFleet({
      seed: 4,
      devices: 12,
      hours: 30,
      duplicateRate: 0.2,
      poisonRate: 0.05,
      arrayElementsMax: 4,
    });

    const counted = await recount(streamOf(lines.map(({ data }) => data)), 'stream');

    expect(counted.truth).toEqual(truth);
    expect(counted.recordCount).toBe(lines.length);
    expect(counted.letters.size).toBe(truth.totals.poison);
    const effects = [...counted.records.values()].flat().flatMap((record) => record.effects);
    // Events without a session are not among them.
    const ofSessions = lines.filter(({ data, kind }) => kind !== 'poison' && /data_session_sid/.test(data));
    const count = ofSessions.reduce((sum, line) => sum + line.count, 0);
    expect(effects.length).toBeGreaterThan(0.9 * count);
    expect(effects.length).toBeLessThanOrEqual(
      truth.totals.distinct + truth.totals.duplicates + truth.totals.poison,
    );
  });

  it('notices an event that is not in the stream', async () => {
    const { lines, truth } = generateFleet({ seed: 4, devices: 12, hours: 30, duplicateRate: 0 });
    const lost = lines.findIndex(({ kind }) => kind === 'event');

    const counted = await recount(
      streamOf(lines.filter((_, index) => index !== lost).map(({ data }) => data)),
      'stream',
    );

    expect(counted.truth).not.toEqual(truth);
  });
});

describe('personal texts', () => {
  const data = {
    imsi: '732123000000001',
    cell_id: '74604168',
    sim_unique_name: 'Tracker 6',
    ip_address: '100.68.56.159',
  };
  const find = personalTexts([
    JSON.stringify({ data }),
    JSON.stringify({ data: JSON.stringify({ imei: '358600000000001' }) }),
  ]);

  it.each([
    'x 732123000000001',
    '"74604168"',
    'of Tracker 6.',
    'from 100.68.56.159:80',
    'imei=358600000000001',
  ])('are found in %s', (text) => {
    expect(find(text)).toBeDefined();
  });

  it('are not found in a longer number, nor in what is not theirs', () => {
    expect(find('4968049746041684583477031911265728, 7460416 and 732123000000002')).toBeUndefined();
  });
});

describe('vitals', () => {
  it('tell a leak from noise by their slope', () => {
    expect(
      slopeOf([
        [0, 5],
        [1, 7],
        [2, 9],
      ]),
    ).toBe(2);
    expect(
      slopeOf([
        [0, 5],
        [1, 6],
        [2, 5],
        [3, 6],
        [4, 5],
      ]),
    ).toBeCloseTo(0);
  });

  it('judge memory by the second half of a life', () => {
    const sample = (minute: number, rssMiB: number) => ({
      ageMs: minute * 60_000,
      rssBytes: rssMiB * 1_048_576,
      openFiles: 40,
      activeHandles: 4,
      activeTimers: 10 - minute,
    });

    expect(
      reportVitals(
        'w',
        [
          [0, 80],
          [1, 120],
          [2, 121],
          [3, 121],
          [4, 121],
        ].map(([a = 0, b = 0]) => sample(a, b)),
      ),
    ).toMatchObject({
      lifetimeSeconds: 240,
      rssFirstMiB: 80,
      rssLastMiB: 121,
      rssSlopeMiBPerMinute: 0,
      activeTimersMax: 10,
      activeTimersLast: 6,
    });
    expect(reportVitals('w', [sample(0, 1)])).toBeUndefined();
  });
});
