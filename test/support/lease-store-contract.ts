/** One suite over every lease store: what the fake promises, the engines must keep. */

import { type AttributeValue, CreateTableCommand, DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  DynamoLeaseStore,
  type Lease,
  type LeaseStore,
  type LeaseWrite,
  parsePosition,
} from '../../src/leases/index.ts';
import { systemClock } from '../../src/time.ts';
import { at, conformance } from '../unit/leases/fixtures.ts';
import { type DynamoDbUnderTest, documentClient, type StartDynamoDb } from './dynamodb-under-test.ts';
import { nameInRun } from './engine-from-env.ts';

const NEW = {
  leaseKey: 's0',
  shardId: 's0',
  streamId: undefined,
  checkpoint: 'TRIM_HORIZON',
  parentShardIds: ['p1', 'p0'],
  hashRange: { startingHashKey: '0', endingHashKey: '9' },
} as const;

function lease(write: LeaseWrite): Lease {
  if (write.kind !== 'written') throw new Error(`not written: ${JSON.stringify(write)}`);
  return write.lease;
}

/** What every lease store does. */
export function keepsTheContract(storeOf: () => LeaseStore): void {
  const created = async (): Promise<Lease> => {
    await storeOf().create(NEW);
    const row = await storeOf().get('s0');
    if (row === undefined) throw new Error('not created');
    return row;
  };
  const held = async (): Promise<Lease> => lease(await storeOf().take(await created(), 'a', {}));

  it('a new lease is nobody’s, at counter 0', async () => {
    expect(await created()).toEqual({
      ...NEW,
      ours: {},
      parentShardIds: ['p0', 'p1'],
      owner: undefined,
      counter: 0,
      ownerSwitchesSinceCheckpoint: 0,
      childShardIds: [],
      hasKcl3Marks: false,
    });
  });

  it('a lease is created once', async () => {
    const before = await held();

    expect(await storeOf().create({ ...NEW, checkpoint: 'LATEST' })).toBe('exists');
    expect(await storeOf().get('s0')).toEqual(before);
  });

  it('a lease that is not there is undefined', async () => {
    expect(await storeOf().get('nothing')).toBeUndefined();
  });

  it('of two workers that take, one gets it', async () => {
    const row = await created();

    const writes = await Promise.all([storeOf().take(row, 'a', {}), storeOf().take(row, 'b', {})]);

    expect(writes.map((write) => write.kind).sort()).toEqual(['lost', 'written']);
    const winner = writes.find((write) => write.kind === 'written');
    expect(await storeOf().get('s0')).toEqual(winner?.kind === 'written' && winner.lease);
  });

  it('an owner switch is counted when there was another owner, and forgotten at a checkpoint', async () => {
    const mine = await held();
    expect(mine.ownerSwitchesSinceCheckpoint).toBe(0);

    const theirs = lease(await storeOf().take(mine, 'b', {}));
    expect(theirs.ownerSwitchesSinceCheckpoint).toBe(1);

    const done = lease(await storeOf().checkpoint(theirs, at('7', 2), false));
    expect(done).toMatchObject({ ownerSwitchesSinceCheckpoint: 0, checkpoint: at('7', 2), owner: 'b' });
    expect(await storeOf().get('s0')).toEqual(done);
  });

  it.each(['renew', 'checkpoint', 'finish', 'release'] as const)(
    '%s is refused after another worker took the lease, and says who has it',
    async (operation) => {
      const mine = await held();
      const theirs = lease(await storeOf().take(mine, 'b', {}));

      const write = {
        renew: () => storeOf().renew(mine, true),
        checkpoint: () => storeOf().checkpoint(mine, at('1'), true),
        finish: () => storeOf().finish(mine, ['c']),
        release: () => storeOf().release(mine, { readToTip: true, isDraining: false }),
      }[operation];

      expect(await write()).toEqual({ kind: 'lost', owner: 'b' });
      expect(await storeOf().get('s0')).toEqual(theirs);
    },
  );

  it('a write on a row that is gone is lost to nobody', async () => {
    const mine = await held();

    expect(await storeOf().renew({ ...mine, leaseKey: 'gone' }, false)).toEqual({
      kind: 'lost',
      owner: undefined,
    });
    expect(await storeOf().get('gone')).toBeUndefined();
  });

  it.each(['take', 'renew', 'checkpoint', 'finish', 'release'] as const)(
    '%s sent twice, as after a lost answer, is recognised',
    async (operation) => {
      const mine = await held();
      const write = {
        take: () => storeOf().take({ ...mine, owner: 'z' }, 'a', {}),
        renew: () => storeOf().renew(mine, false),
        checkpoint: () => storeOf().checkpoint(mine, at('1'), false),
        finish: () => storeOf().finish(mine, ['c']),
        release: () => storeOf().release(mine, { readToTip: false, isDraining: false }),
      }[operation];

      const first = lease(await write());

      expect(await write()).toEqual({ kind: 'written', lease: first, recovered: true });
      expect(await storeOf().get('s0')).toEqual(first);
    },
  );

  it('a checkpoint after a renewal of ours that we did not hear of gets the row to go on from', async () => {
    const mine = await held();
    const now = lease(await storeOf().renew(mine, false));

    expect(await storeOf().checkpoint(mine, at('1'), false)).toEqual({ kind: 'stale', lease: now });
  });

  it('a finished lease names its children', async () => {
    const done = lease(await storeOf().finish(await held(), ['c0', 'c1']));

    expect(await storeOf().get('s0')).toEqual(done);
    expect(done).toMatchObject({ checkpoint: 'SHARD_END', childShardIds: ['c0', 'c1'], owner: 'a' });
  });

  it('a shard that ends without children is finished too', async () => {
    const done = lease(await storeOf().finish(await held(), []));

    expect(await storeOf().get('s0')).toEqual(done);
  });

  it('a released lease is nobody’s', async () => {
    const free = lease(await storeOf().release(await held(), { readToTip: true, isDraining: false }));

    expect(free).toMatchObject({ owner: undefined, counter: 2, ours: { readToTipCounter: 2 } });
    expect(await storeOf().get('s0')).toEqual(free);
  });

  it('the tip is claimed by the write that says so, and the next write takes the claim back', async () => {
    const atTip = lease(await storeOf().renew(await held(), true));
    expect(atTip.ours.readToTipCounter).toBe(atTip.counter);

    const later = lease(await storeOf().checkpoint(atTip, at('3'), false));

    expect(await storeOf().get('s0')).toMatchObject({ counter: 3, ours: { readToTipCounter: 2 } });
    expect(later.ours.readToTipCounter).toBe(2);
  });

  describe('asking for a lease', () => {
    const handOffTo = async () => (await storeOf().get('s0'))?.ours.handOffTo;

    it('leaves the counter alone, and the owner learns of it with its next write', async () => {
      const mine = await held();

      expect(await storeOf().ask(mine, 'b')).toEqual({ kind: 'asked' });

      const renewal = lease(await storeOf().renew(mine, false));
      expect(renewal).toMatchObject({ owner: 'a', counter: mine.counter + 1, ours: { handOffTo: 'b' } });
      expect(lease(await storeOf().checkpoint(renewal, at('1'), false)).ours.handOffTo).toBe('b');
    });

    it('is refused when somebody else asked first, and when the owner is another', async () => {
      const mine = await held();
      await storeOf().ask(mine, 'b');
      expect(await storeOf().ask(mine, 'c')).toEqual({ kind: 'refused' });

      const theirs = lease(await storeOf().take(mine, 'd', {}));
      expect(await storeOf().ask(mine, 'c')).toEqual({ kind: 'refused' });
      expect(theirs.ours.handOffTo).toBeUndefined();
    });

    it('is answered by a no, also one that the owner had not seen come', async () => {
      const mine = await held();
      await storeOf().ask(mine, 'b');

      expect(lease(await storeOf().decline(mine, false))).toMatchObject({ owner: 'a', counter: 2 });
      expect(await handOffTo()).toBeUndefined();
    });

    it('is answered by a hand-over: the lease is the asker’s, who takes it without an owner switch more', async () => {
      const mine = lease(await storeOf().checkpoint(await held(), at('9'), false));
      await storeOf().ask(mine, 'b');

      const given = lease(await storeOf().handOver(mine, 'b'));

      expect(given).toMatchObject({
        owner: 'b',
        counter: mine.counter + 1,
        checkpoint: at('9'),
        ownerSwitchesSinceCheckpoint: 1,
        ours: { takenBy: 'b', handOffTo: undefined },
      });
      expect(await storeOf().renew(mine, false)).toEqual({ kind: 'lost', owner: 'b' });
      expect(lease(await storeOf().take(given, 'b', {})).ownerSwitchesSinceCheckpoint).toBe(1);
    });

    it('a hand-over sent twice, as after a lost answer, is recognised', async () => {
      const mine = await held();
      await storeOf().ask(mine, 'b');
      await storeOf().handOver(mine, 'b');
      expect(await storeOf().handOver(mine, 'b')).toMatchObject({ kind: 'written', recovered: true });
    });

    it('is not answered by a yes once it was taken back, or when somebody else asks', async () => {
      const mine = await held();
      await storeOf().ask(mine, 'b');
      await storeOf().withdraw('s0', 'b');
      expect(await storeOf().handOver(mine, 'b')).toMatchObject({ kind: 'stale', lease: { owner: 'a' } });
      await storeOf().ask(mine, 'c');
      expect(await storeOf().handOver(mine, 'b')).toMatchObject({
        kind: 'stale',
        lease: { owner: 'a', counter: mine.counter, ours: { handOffTo: 'c' } },
      });
    });

    it('goes with the end of the shard: nobody is left to answer it', async () => {
      const mine = await held();
      await storeOf().ask(mine, 'b');

      expect(lease(await storeOf().finish(mine, [])).ours.handOffTo).toBeUndefined();

      expect(await handOffTo()).toBeUndefined();
    });

    it('is taken back by who asked, and by nobody else', async () => {
      await storeOf().ask(await held(), 'b');
      await storeOf().withdraw('s0', 'c');
      expect(await handOffTo()).toBe('b');
      await storeOf().withdraw('s0', 'b');
      expect(await handOffTo()).toBeUndefined();
      await storeOf().withdraw('gone', 'b');
      expect(await storeOf().get('gone')).toBeUndefined();
    });
  });

  it('a release says whether its owner is stopping, and the next take forgets it', async () => {
    const freed = lease(await storeOf().release(await held(), { readToTip: false, isDraining: true }));
    expect((await storeOf().get('s0'))?.ours.drainingOwner).toBe('a');

    expect(lease(await storeOf().take(freed, 'b', {})).ours.drainingOwner).toBeUndefined();
    expect((await storeOf().get('s0'))?.ours.drainingOwner).toBeUndefined();
  });

  it('a take stores the start position and the stream’s age where the row does not say them', async () => {
    await storeOf().create({ ...NEW, checkpoint: 'LATEST', startTimestampMs: 5 });
    const row = (await storeOf().get('s0')) as Lease;
    expect(row.ours.startTimestampMs).toBe(5);

    const mine = lease(await storeOf().take(row, 'a', { startTimestampMs: 7, streamCreatedAtMs: 3 }));

    expect(mine.ours).toMatchObject({ startTimestampMs: 5, streamCreatedAtMs: 3 });
    expect(await storeOf().get('s0')).toEqual(mine);
  });

  it('a lease of one of several streams keeps KCL’s names', async () => {
    const streamId = '123:events:17';
    const leaseKey = `${streamId}:s0`;
    await storeOf().create({ ...NEW, leaseKey, streamId });

    expect(await storeOf().get(leaseKey)).toMatchObject({ leaseKey, streamId, shardId: 's0' });
  });

  it('only a finished lease that nobody changed since is removed', async () => {
    const mine = await held();
    expect(await storeOf().remove(mine)).toBe('refused');
    const done = lease(await storeOf().finish(mine, []));
    expect(await storeOf().remove({ ...done, counter: done.counter - 1 })).toBe('refused');

    expect(await storeOf().remove(done)).toBe('removed');
    expect(await storeOf().get('s0')).toBeUndefined();
    expect(await storeOf().remove(done)).toBe('refused');
  });

  it('all leases are listed', async () => {
    await created();
    await storeOf().create({
      ...NEW,
      leaseKey: 's1',
      shardId: 's1',
      parentShardIds: [],
      hashRange: undefined,
    });

    const { leases, unreadable } = await storeOf().list();

    expect(leases.map((row) => row.leaseKey).sort()).toEqual(['s0', 's1']);
    expect(unreadable).toEqual([]);
  });
}

type Row = Record<string, AttributeValue>;
interface Golden {
  op: string;
  note?: string;
  rowBefore: Row | null;
  rowAfter: Row | null;
  result: string;
}

/** The suite on a real engine, KCL's golden steps and odd rows included. */
export const leaseStoreContract = (name: string, start: StartDynamoDb): void =>
  describe(`lease store on ${name}`, () => {
    let engine: DynamoDbUnderTest;
    let client: DynamoDBDocumentClient;
    let wrapping: DynamoDBDocumentClient;
    let tableName = '';
    let tables = 0;
    const store = () => new DynamoLeaseStore({ client, tableName });

    beforeAll(async () => {
      engine = await start();
      client = DynamoDBDocumentClient.from(engine.connect());
      wrapping = documentClient(engine);
    });
    afterAll(() => engine?.stop());
    beforeEach(async () => {
      tableName = nameInRun(`leases-${tables++}`);
      await client.send(
        new CreateTableCommand({
          TableName: tableName,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
        }),
      );
      const isActive = async () =>
        (await client.send(new DescribeTableCommand({ TableName: tableName }))).Table?.TableStatus ===
        'ACTIVE';
      while (!(await isActive())) await systemClock.sleep(5);
    });
    const put = (Item: Record<string, unknown>) =>
      client.send(new PutCommand({ TableName: tableName, Item }));
    const rowOf = async (leaseKey: string): Promise<Record<string, unknown> | undefined> =>
      (await client.send(new GetCommand({ TableName: tableName, Key: { leaseKey } }))).Item;

    keepsTheContract(store);

    describe('with a client that wraps numbers', () => {
      keepsTheContract(() => new DynamoLeaseStore({ client: wrapping, tableName }));
    });

    it('a table of many pages is listed whole', async () => {
      const padding = 'x'.repeat(300_000);
      for (let index = 0; index < 5; index += 1) {
        await put({ leaseKey: `s${index}`, leaseCounter: 1, checkpoint: 'LATEST', padding });
      }

      expect((await store().list()).leases).toHaveLength(5);
    });

    it('what others keep in a row survives every write of ours', async () => {
      const others = { swEpoch: 7, swMeta: { a: 'b' }, swStartAt: 'x', throughputKBps: 1.5 };
      await store().create(NEW);
      await put({ ...(await rowOf('s0')), ...others, checkpointOwner: 'ghost' });
      let row = (await store().get('s0')) as Lease;
      row = lease(await store().take(row, 'a', {}));
      row = lease(await store().renew(row, true));
      row = lease(await store().checkpoint(row, at('5'), false));
      row = lease(await store().finish(row, ['c']));
      await store().release(row, { readToTip: false, isDraining: false });

      const after = await rowOf('s0');
      expect(after).toMatchObject(others);
      expect(after).not.toHaveProperty('checkpointOwner');
    });

    describe('golden steps of Java KCL', () => {
      const goldens = ['2.7.2', '3.5.1'].flatMap((version) =>
        conformance<{ ops: Golden[] }>(`golden-lease-ops-kcl-${version}.json`).ops.map((step) => ({
          ...step,
          title: `${version} ${step.op}: ${step.note ?? ''}`,
        })),
      );
      /** What we do not do, and why. Every other step that changes a row is replayed. */
      const NOT_OURS: Readonly<Record<string, string>> = {
        'assign: leader gives the unowned lease to worker-a': 'KCL 3’s leader; our workers take',
        'initiateGracefulLeaseHandoff: leader: worker-a to worker-b': 'KCL 3’s leader; our workers ask',
        'assign: worker-a finishes the hand-off: to worker-b':
          'KCL 3’s hand-off: a live fleet of it is refused',
        'assign: leader forces an overdue hand-off to worker-d': 'KCL 3’s leader',
        'prepareCheckpoint: pending checkpoint with state bytes':
          'two-phase checkpoints: we end them, never begin one',
        'updateMeta CHILD_SHARDS: ': 'written with SHARD_END itself',
        'evict: during a hand-off: only checkpointOwner goes, the next owner stays': 'KCL 3’s hand-off',
      };

      /** Steps that set ownerSwitchesSinceCheckpoint themselves: the golden run left what the object had, KCL's
       *  checkpointer (DynamoDBCheckpointer.setCheckpoint) writes 0, and so do we. */
      const expected = (step: Golden) => {
        const row = step.rowAfter && unmarshall(step.rowAfter);
        const isCheckpoint = step.op === 'checkpoint' && step.result === 'true';
        if (!row) return undefined;
        // KCL 3 measures throughput with each renewal; we leave what is there.
        const { throughputKBps: _, ...rest } = row;
        const before = unmarshall(step.rowBefore ?? {})['throughputKBps'];
        return {
          ...rest,
          ...(before !== undefined && { throughputKBps: before }),
          ...(isCheckpoint && { ownerSwitchesSinceCheckpoint: 0 }),
        };
      };

      /** Our operation for a step, on the row as the worker of that step knew it. */
      const replay = async (step: Golden): Promise<LeaseWrite | undefined> => {
        const before = await store().get(String(step.rowBefore?.['leaseKey']?.S));
        const after = step.rowAfter && unmarshall(step.rowAfter);
        if (before === undefined || after === null) return undefined;
        if (step.op === 'take') return store().take(before, after['leaseOwner'], {});
        if (step.op === 'renew') return store().renew(before, false);
        if (step.op === 'evict') return store().release(before, { readToTip: false, isDraining: false });
        const position = parsePosition({
          checkpoint: after['checkpoint'],
          subSequenceNumber: after['checkpointSubSequenceNumber'],
        });
        if (position === 'SHARD_END') return store().finish(before, [...before.childShardIds]);
        if (typeof position === 'object') return store().checkpoint(before, position, false);
        return undefined;
      };

      const isNotOurs = ({ title }: { title: string }): boolean => title.slice('2.7.2 '.length) in NOT_OURS;
      const changed = goldens.filter(
        (step) => step.rowBefore && JSON.stringify(step.rowBefore) !== JSON.stringify(step.rowAfter),
      );
      it('are all replayed, but for those of KCL 3’s leader and hand-off', () => {
        expect(new Set(changed.filter(isNotOurs).map(({ title }) => title.slice(6)))).toEqual(
          new Set(Object.keys(NOT_OURS)),
        );
      });

      it('delete: a finished lease goes', async () => {
        const step = changed.find(({ op }) => op === 'delete');
        await put(unmarshall(step?.rowBefore as Row));
        const key = String(step?.rowBefore?.['leaseKey']?.S);
        expect(await store().remove((await store().get(key)) as Lease)).toBe('removed');
        expect(await rowOf(key)).toBeUndefined();
      });

      const replayed = changed.filter((step) => !isNotOurs(step) && step.op !== 'delete');
      it.each(replayed.map((step) => [step.title, step] as const))('%s', async (_title, step) => {
        await put(unmarshall(step.rowBefore as Row));

        expect((await replay(step))?.kind).toBe('written');

        const { takenBy, ...row } = (await rowOf(String(step.rowBefore?.['leaseKey']?.S))) ?? {};
        expect(row).toEqual(expected(step));
        // The only attribute of ours, and only in the row of a worker that has it.
        expect(takenBy).toBe(step.op === 'take' ? row['leaseOwner'] : undefined);
      });

      const creations = goldens.filter((step) => step.op === 'create' && step.rowBefore === null);
      it.each(creations.map((step) => [step.title, step] as const))('%s', async (_title, step) => {
        const after = unmarshall(step.rowAfter as Row);
        const { leaseKey, checkpoint, startingHashKey, endingHashKey, parentShardId } = after;

        const outcome = await store().create({
          leaseKey,
          shardId: leaseKey,
          streamId: undefined,
          checkpoint,
          parentShardIds: [...(parentShardId ?? [])],
          hashRange: { startingHashKey, endingHashKey },
        });

        expect(outcome).toBe('created');
        // KCL 3.5 writes LEASE, and reads its absence as LEASE.
        const { entityType: _, ...expectedRow } = after;
        expect(await rowOf(leaseKey)).toEqual(expectedRow);
      });

      it('a checkpoint sent twice, which Java takes for a lost lease, is recognised', async () => {
        const step = goldens.find((each) => each.note?.startsWith('the same checkpoint sent twice'));
        await put(unmarshall(step?.rowBefore as Row));
        const now = (await store().get(String(step?.rowBefore?.['leaseKey']?.S))) as Lease;
        const position = now.checkpoint as ReturnType<typeof at>;

        const write = await store().checkpoint({ ...now, counter: now.counter - 1 }, position, false);

        expect(write).toMatchObject({ kind: 'written', recovered: true });
        expect(await rowOf(now.leaseKey)).toEqual(unmarshall(step?.rowAfter as Row));
      });
    });

    describe('odd rows', () => {
      interface Odd {
        case: string;
        row: Record<string, AttributeValue | { '?': string }>;
        listed?: string;
        checkpointed?: boolean;
        rowAfter?: Record<string, AttributeValue | { '?': string }>;
      }
      const { ops } = conformance<{ ops: Odd[] }>('row-tolerance-kcl-3.5.1.json');
      const { ops: opsOf2 } = conformance<{ ops: Odd[] }>('row-tolerance-kcl-2.7.2.json');
      // The data file prints other types as text; these are the three it means.
      const attribute = (value: AttributeValue | { '?': string }): AttributeValue => {
        if (!('?' in value)) return value;
        if (value['?'].includes('NUL=')) return { NULL: true };
        return value['?'].includes('(M=') ? { M: { a: { S: 'b' } } } : { L: [{ S: 'shardId-000000000008' }] };
      };
      // Where we differ from KCL 3.5.1, and why.
      const READ_BY_US_ONLY = new Set([
        'no ownerSwitchesSinceCheckpoint', // 0, and our next write puts it right
        'hash range of one key', // a legal shard
        "pendingCheckpointState as N (KCL's own create bug)", // we never read it
      ]);
      const READ_BY_KCL_ONLY = new Set([
        // KCL finds these out only when a consumer starts: it would take the shard and fail.
        'no checkpoint',
        'checkpoint unknown word',
        'checkpoint as N',
      ]);

      it.each(ops.map((odd) => [odd.case, odd] as const))('%s', async (_case, odd) => {
        await put(unmarshall(Object.fromEntries(Object.entries(odd.row).map(([k, v]) => [k, attribute(v)]))));
        await store().create({ ...NEW, leaseKey: 'shardId-000000000009', shardId: 'shardId-000000000009' });
        const isReadByKcl = odd.listed?.includes('shardId-000000000000') === true;
        const isReadable = READ_BY_US_ONLY.has(odd.case) || (isReadByKcl && !READ_BY_KCL_ONLY.has(odd.case));

        const { leases, unreadable } = await store().list();

        expect({ leases: leases.length, unreadable: unreadable.length }).toEqual(
          isReadable ? { leases: 2, unreadable: 0 } : { leases: 1, unreadable: 1 },
        );
      });

      const asItem = (row: Odd['row']) =>
        unmarshall(Object.fromEntries(Object.entries(row).map(([name, value]) => [name, attribute(value)])));
      const usable = opsOf2.filter((odd) => odd.checkpointed && !READ_BY_KCL_ONLY.has(odd.case));
      // A full lease row under a kind that is not ours is a lease for KCL 2 alone; KCL 3.5 and we leave it.
      const usableByUs = usable.filter((odd) => odd.case !== 'a full lease row with entityType=OURS');

      it.each(usableByUs.map((odd) => [odd.case, odd] as const))(
        '%s: taken, renewed and checkpointed, the row is what KCL 2.7.2 leaves',
        async (_case, odd) => {
          const key = 'shardId-000000000000';
          await put(asItem(odd.row));
          const after = asItem(odd.rowAfter ?? {});
          const sequenceNumber = String(after['checkpoint']);
          const taken = lease(await store().take((await store().get(key)) as Lease, 'java-worker', {}));
          const renewed = lease(await store().renew(taken, false));
          await store().checkpoint(renewed, at(sequenceNumber), false);

          const { takenBy: _, ...row } = (await rowOf(key)) ?? {};
          // KCL 2 keeps what a broken hand-off of KCL 3 left; KCL 3 and we remove it.
          const { checkpointOwner: _left, ...expected } = after;
          expect(row).toEqual(expected);
        },
      );
    });
  });
