/** Erasing on real engines: what is gone, what stays, and what a kill leaves. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { BatchWriteCommand, type DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toJson, toPlain } from '../../../src/json.ts';
import { eraseSims, previewErasure } from '../../../src/repair/erase-sims.ts';
import { ErasedSims, tombstoneKeyOf } from '../../../src/store/erased-sims.ts';
import { ErasingDeadLetters } from '../../../src/store/erasing-dead-letters.ts';
import type { tableNames } from '../../../src/store/tables.ts';
import { systemClock, systemRandom } from '../../../src/time.ts';
import { type DynamoDbUnderTest, documentClient, overHttp } from '../../support/dynamodb-under-test.ts';
import { deadLetterStore, type GivenSim, givenSims } from '../../support/given-sims.ts';

type Names = ReturnType<typeof tableNames>;
const NEVER = new AbortController().signal;
const COUNTS = { deadLetters: 4, sessions: 3, usage: 3, sims: 1 };
/** It dies within tables, and between them. */
const DELETES_STEP = 2;
const NONE = { deadLetters: 0, dedup: 0, sessions: 0, usage: 0, sims: 0 };

describe.each(['dynalite', 'auto'] as const)('erasing SIMs on %s', (engine) => {
  let running: DynamoDbUnderTest;
  let client: DynamoDBDocumentClient;
  let worlds = 0;
  beforeAll(async () => {
    running = await overHttp(engine)();
    client = documentClient(running);
  });
  afterAll(() => running?.stop());

  const given = (...simNames: string[]) => {
    worlds += 1;
    const naming = { tablePrefix: `${engine}-${worlds}`, application: `leases-${engine}-${worlds}` };
    return givenSims({ dynamodb: running.dynamodb, client }, naming, simNames);
  };
  const depsFor = (names: Names, using = client) => {
    const shared = { client: using, clock: systemClock, random: systemRandom, closing: NEVER };
    return { ...shared, names, erased: new ErasedSims(names.dedup, shared) };
  };
  /** All that is stored, as text that hides nothing. */
  const textOf = async (
    names: Names,
    isWanted: (text: string) => boolean = () => true,
  ): Promise<string[]> => {
    const { leases: _, ...tables } = names;
    const scans = await Promise.all(
      Object.values(tables).map((TableName) =>
        client.send(new ScanCommand({ TableName, ConsistentRead: true })),
      ),
    );
    return scans
      .flatMap(({ Items = [] }) => Items)
      .map((item) => `${toJson(toPlain(item))}${readable(item)}`)
      .filter(isWanted)
      .sort();
  };
  const readable = ({ raw, raw_encoding }: Record<string, unknown>): string => {
    if (!(raw instanceof Uint8Array)) return '';
    const bytes = raw_encoding === 'gzip' ? gunzipSync(raw) : Buffer.from(raw);
    const inner = bytes[0] === 0x1f ? gunzipSync(bytes) : bytes;
    return inner.toString().replaceAll(/\\+u0048/g, 'H');
  };
  const isOf =
    ({ simSid, iccid, sessionSids }: GivenSim) =>
    (text: string): boolean =>
      [simSid, iccid, ...sessionSids].some((identifier) => text.includes(identifier));

  it('leaves nothing but the tombstone’s hash, and all that is of others', async () => {
    const { names, sims } = await given('first', 'second', 'third');
    const [first, second, third] = sims as [GivenSim, GivenSim, GivenSim];
    const ofThird = await textOf(names, isOf(third));
    expect((await textOf(names, isOf(first))).length).toBeGreaterThan(11);
    const deps = depsFor(names);

    const erasure = await eraseSims(deps, [first.simSid, second.simSid], 0);

    expect(erasure).toMatchObject({ isComplete: true, passes: 2, absentTables: [], unsearchableLetters: 0 });
    expect(erasure.counts).toMatchObject({ deadLetters: 8, sessions: 6, usage: 6, sims: 2 });
    expect(erasure.counts.dedup).toBeGreaterThan(8);
    expect(await textOf(names, isOf(first))).toEqual([]);
    expect(await textOf(names, isOf(second))).toEqual([]);
    expect(await textOf(names, isOf(third))).toEqual(ofThird);
    const left = (await textOf(names)).filter((text) => !ofThird.includes(text));
    expect(left.map((text) => (JSON.parse(text) as { item_key: string }).item_key).sort()).toEqual(
      [first, second].map(({ simSid }) => tombstoneKeyOf(simSid)).sort(),
    );
    expect(
      await Promise.all([first, second, third].map(({ simSid }) => deps.erased.isErased(simSid))),
    ).toEqual([true, true, false]);
  });

  it('counts beforehand what it would delete, and changes nothing', async () => {
    const { names, sims } = await given('previewed', 'other');
    const before = await textOf(names);

    const preview = await previewErasure(depsFor(names), [sims[0]?.simSid ?? '']);

    expect(preview).toMatchObject({ isComplete: false, counts: COUNTS });
    expect(await textOf(names)).toEqual(before);
  });

  it('is complete when repeated after a kill, between any two deletes', async () => {
    for (let deletes = 0; ; deletes += DELETES_STEP) {
      const { names, sims } = await given('killed', 'other');
      const [killed, other] = sims as [GivenSim, GivenSim];
      const ofOther = await textOf(names, isOf(other));

      const isKilled = await eraseSims(depsFor(names, dyingClient(client, deletes)), [killed.simSid], 0).then(
        () => false,
        () => true,
      );
      const again = await eraseSims(depsFor(names), [killed.simSid], 0);

      expect(again.isComplete).toBe(true);
      expect(await textOf(names, isOf(killed))).toEqual([]);
      expect(await textOf(names, isOf(other))).toEqual(ofOther);
      if (!isKilled) {
        expect(deletes).toBeGreaterThan(20);
        expect(again.counts).toEqual(NONE);
        return;
      }
    }
  });

  it('deletes what a worker that was late inserts after the first pass', async () => {
    const { names, sims } = await given('late');
    const sim = sims[0] as GivenSim;
    const SETTLE_MS = 1;
    let settles = 0;
    const sleep = async (ms: number): Promise<void> => {
      if (ms !== SETTLE_MS) return;
      settles += 1;
      // As if the worker had asked before there was a tombstone.
      if (settles === 2) await givenSims({ dynamodb: running.dynamodb, client }, namingOf(names), ['late']);
    };

    const clock = { ...systemClock, sleep };
    const erasure = await eraseSims({ ...depsFor(names), clock }, [sim.simSid], SETTLE_MS);

    expect(erasure).toMatchObject({ passes: 3, isComplete: true, counts: { sessions: 6, sims: 2 } });
    expect(await textOf(names, isOf(sim))).toEqual([]);
  });

  it('keeps a later dead letter of an erased SIM without its bytes', async () => {
    const { names, sims } = await given('poisoned', 'other');
    const [poisoned, other] = sims as [GivenSim, GivenSim];
    const deps = depsFor(names);
    await eraseSims(deps, [poisoned.simSid], 0);
    let withheld = 0;
    const letters = new ErasingDeadLetters({
      letters: deadLetterStore(client, names.deadLetters),
      erased: deps.erased,
      onWithheld: () => {
        withheld += 1;
      },
    });
    const at = { shardId: 'replayed', sequenceNumber: '9', reason: 'not-json', arrivedAtMs: 0 };
    const raws = [gzipSync(`{"sim_sid":"${poisoned.simSid}"`), gzipSync(`{"sim_sid":"${other.simSid}"`)];

    await letters.put(
      raws.map((raw, index) => ({ ...at, index, raw })),
      NEVER,
    );

    expect(withheld).toBe(1);
    expect(await textOf(names, isOf(poisoned))).toEqual([]);
    const replayed = await textOf(names, (text) => text.includes('"shard_id":"replayed"'));
    expect(replayed.map((text) => text.includes(other.simSid)).sort()).toEqual([false, true]);
  });
});

const namingOf = ({ sessions, leases }: Names) => ({
  tablePrefix: sessions.replace(/-sessions$/, ''),
  application: leases,
});

/** Deletes so many items, also in the middle of a batch, and is dead then. */
function dyingClient(client: DynamoDBDocumentClient, deletes: number): DynamoDBDocumentClient {
  let left = deletes;
  const send = async (command: never): Promise<unknown> => {
    const given: unknown = command;
    if (!(given instanceof BatchWriteCommand)) return client.send(command);
    const [[table, requests] = ['', []]] = Object.entries(given.input.RequestItems ?? {});
    const taken = requests.slice(0, left);
    left -= taken.length;
    const part = new BatchWriteCommand({ RequestItems: { [table]: taken } });
    const answer = taken.length > 0 ? await client.send(part) : {};
    if (taken.length < requests.length) throw new Error('killed');
    return answer;
  };
  return { send } as unknown as DynamoDBDocumentClient;
}
