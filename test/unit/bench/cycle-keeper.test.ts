import { NumberValue } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { tableNames } from '../../../src/store/tables.ts';
import { CycleKeeper } from '../../bench/soak/cycle-keeper.ts';
import { cutAtCycle, inCycle } from '../../bench/soak/cycle-sids.ts';
import { SoakKinesis } from '../../bench/soak/soak-kinesis.ts';
import { makeLoad } from '../../bench/stub/make-load.ts';
import type { Item } from '../../simulation/dynamodb/values.ts';

const NAMES = tableNames({ tablePrefix: 'soak', application: 'leases' });
const load = makeLoad({ shards: 2, devices: 8, updatesPerSession: 2 });

interface Page {
  readonly Records: readonly { readonly Data: string; readonly SequenceNumber: string }[];
  readonly NextShardIterator: string;
  readonly MillisBehindLatest: number;
}

/** A worker that stores at once what the truth says, or what `change` makes of it. */
function givenSoak() {
  const tables = new Map<string, Item[]>(Object.values(NAMES).map((name) => [name, []]));
  const dynamodb = {
    items: (name: string) => tables.get(name) ?? [],
    forget: (name: string, isForgotten: (item: Item) => boolean) => {
      tables.set(
        name,
        (tables.get(name) ?? []).filter((item) => !isForgotten(item)),
      );
    },
  };
  const stream = new SoakKinesis(load, 'soak');
  const keeper = new CycleKeeper({
    names: NAMES,
    dynamodb,
    stream,
    truth: load.truth,
    projections: ['sessions'],
  });
  const write = (tableName: string, item: Item): void => {
    tables.get(tableName)?.push(item);
    keeper.see({ tableName, before: undefined, after: item });
  };
  const at = new Map(stream.shardIds.map((shardId) => [shardId, iteratorOf(stream, shardId)]));
  const read = (shardId: string): Page => {
    const page = JSON.parse(
      stream.perform('GetRecords', { ShardIterator: at.get(shardId), Limit: 5 }),
    ) as Page;
    at.set(shardId, page.NextShardIterator);
    return page;
  };
  const checkpoint = (shardId: string, sequence: string): void =>
    keeper.see({
      tableName: NAMES.leases,
      before: undefined,
      after: { leaseKey: shardId, checkpoint: sequence },
    });
  /** Reads what may be read now; the last sequence number of each shard. */
  const readAll = (): ReadonlyMap<string, string> => {
    const last = new Map<string, string>();
    for (const shardId of stream.shardIds)
      for (let page = read(shardId); page.Records.length > 0; page = read(shardId))
        last.set(shardId, page.Records.at(-1)?.SequenceNumber ?? '');
    return last;
  };
  const store = (cycle: number, change: (item: Item) => Item = (item) => item): void => {
    for (const [sid, truth] of Object.entries(load.truth.sessions)) {
      const text = JSON.stringify({ data_session_sid: sid, ...truth });
      const item = JSON.parse(inCycle(cutAtCycle(text), cycle)) as Item;
      write(NAMES.sessions, change({ ...item, event_count: NumberValue.from(truth.event_count) }));
    }
  };
  return { stream, keeper, dynamodb, read, readAll, checkpoint, store, write };
}

const iteratorOf = (stream: SoakKinesis, shardId: string): string =>
  JSON.parse(stream.perform('GetShardIterator', { ShardId: shardId, ShardIteratorType: 'TRIM_HORIZON' }))
    .ShardIterator as string;

describe('a soak’s check of its cycles', () => {
  it('a cycle is checked and dropped once every shard’s checkpoint is past it, not before', () => {
    const { keeper, dynamodb, readAll, checkpoint, store } = givenSoak();
    const [[first, firstAt], [second, secondAt]] = [...readAll()] as [[string, string], [string, string]];
    for (const cycle of [0, 1, 2]) store(cycle);

    checkpoint(first, firstAt);
    checkpoint(second, 'TRIM_HORIZON');
    keeper.checkDone();
    expect(keeper.report()).toMatchObject({ cyclesChecked: 0, differences: 0 });
    expect(dynamodb.items(NAMES.sessions)).toHaveLength(24);

    checkpoint(second, secondAt);
    keeper.checkDone();
    expect(keeper.report()).toMatchObject({
      cyclesChecked: 3,
      sessionsCompared: 24,
      durableEvents: 3 * load.truth.totals.distinct,
      differences: 0,
    });
    expect(dynamodb.items(NAMES.sessions)).toEqual([]);
  });

  it.each<readonly [string, (item: Item) => Item, RegExp]>([
    ['an event too many', (item) => ({ ...item, event_count: NumberValue.from(9) }), /event_count is 9/],
    ['other bytes', (item) => ({ ...item, total_bytes: NumberValue.from(1) }), /total_bytes is 1/],
    [
      'a SIM of another cycle',
      (item) => ({ ...item, sim_sid: inCycle(cutAtCycle(String(item['sim_sid'])), 8) }),
      /sim_sid is HS/,
    ],
  ])('%s is a difference', (_, change, sentence) => {
    const { keeper, readAll, checkpoint, store } = givenSoak();
    const last = readAll();
    store(0, change);
    store(1);
    store(2);

    for (const [shardId, sequence] of last) checkpoint(shardId, sequence);
    keeper.checkDone();

    const { differences, examples } = keeper.report();
    expect(differences).toBe(8);
    expect(examples).toHaveLength(5);
    expect(examples[0]).toMatch(sentence);
  });

  it('a session that is not stored is a difference', () => {
    const { keeper, readAll, checkpoint } = givenSoak();

    for (const [shardId, sequence] of readAll()) checkpoint(shardId, sequence);
    keeper.checkDone();

    expect(keeper.report()).toMatchObject({ cyclesChecked: 3, differences: 24 });
  });

  it('a write to a cycle that was checked is a difference', () => {
    const { keeper, readAll, checkpoint, store, write } = givenSoak();
    const last = readAll();
    for (const cycle of [0, 1, 2]) store(cycle);
    for (const [shardId, sequence] of last) checkpoint(shardId, sequence);
    keeper.checkDone();

    const [sid = ''] = Object.keys(load.truth.sessions);
    write(NAMES.dedup, { item_key: inCycle(cutAtCycle(sid), 2), page_id: 'p' });

    expect(keeper.report()).toMatchObject({ differences: 1, writesAfterCheckpoint: 1 });
  });
});

describe('a soak’s stream', () => {
  it('serves the load again and again, every record once in every cycle', () => {
    const { stream, keeper, read, checkpoint, store } = givenSoak();
    const [shardId = ''] = stream.shardIds;
    const texts = (load.shards[0] ?? []).map(({ text }) => cutAtCycle(text));
    const wanted = [0, 1, 2].flatMap((cycle) => texts.map((pieces) => inCycle(pieces, cycle)));

    const got: string[] = [];
    for (let page = read(shardId); page.Records.length > 0; page = read(shardId))
      got.push(...page.Records.map(({ Data }) => String(Buffer.from(Data, 'base64'))));

    expect(got).toEqual(wanted);
    expect(read(shardId)).toMatchObject({ Records: [], MillisBehindLatest: 1_000 });
    store(0);
    for (const each of stream.shardIds) checkpoint(each, '9'.repeat(60));
    keeper.checkDone();
    expect(stream.oldestCycle).toBe(3);
    expect(read(shardId).Records.length).toBeGreaterThan(0);
  });

  it('a checkpoint is where reading goes on', () => {
    const { stream, read } = givenSoak();
    const [shardId = ''] = stream.shardIds;
    const inShard = load.shards[0]?.length ?? 0;
    const sequences: string[] = [];
    while (sequences.length < inShard + 3)
      sequences.push(...read(shardId).Records.map(({ SequenceNumber }) => SequenceNumber));

    for (const [place, sequence] of sequences.entries()) {
      const { ShardIterator } = JSON.parse(
        stream.perform('GetShardIterator', {
          ShardId: shardId,
          ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
          StartingSequenceNumber: sequence,
        }),
      ) as { ShardIterator: string };
      expect(ShardIterator).toBe(`${shardId}|${place + 1}`);
    }
  });

  it('told to end, it ends with the cycles that somebody has begun', () => {
    const { stream, read } = givenSoak();
    const [first = '', second = ''] = stream.shardIds;
    const inSecond = load.shards[1]?.length ?? 0;
    read(first);

    stream.end();

    let count = 0;
    let page = read(second);
    for (; page.Records.length > 0; page = read(second)) count += page.Records.length;
    expect(count).toBe(inSecond);
    expect(page.MillisBehindLatest).toBe(0);
    expect(stream.nextCycle).toBe(1);
  });
});
