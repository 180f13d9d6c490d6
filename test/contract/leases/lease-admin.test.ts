/** The administration of the lease table, on engines: its condition expressions are what makes it safe. */
import { CreateTableCommand, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  DynamoLeaseStore,
  formatRow,
  type Lease,
  LeaseAdmin,
  leaseIn,
  parseRows,
  type TableItem,
} from '../../../src/leases/index.ts';
import { type DynamoDbEngineName, startDynamoDb } from '../../../src/local/dynamodb-engine.ts';
import { createLocalClients } from '../../../src/local/local-clients.ts';
import { createTableInput } from '../../../src/store/tables.ts';
import { at } from '../../unit/leases/fixtures.ts';

const NEW = {
  leaseKey: 's0',
  shardId: 's0',
  streamId: undefined,
  checkpoint: 'TRIM_HORIZON',
  parentShardIds: [],
  hashRange: undefined,
} as const;

/** What other libraries, and people, put into the table. */
const FOREIGN: readonly TableItem[] = [
  {
    leaseKey: { S: 'java' },
    leaseOwner: { S: 'a' },
    leaseCounter: { N: '7' },
    checkpoint: { S: '12' },
    checkpointSubSequenceNumber: { N: '3' },
    parentShardId: { SS: ['p1', 'p0'] },
    throughputKBps: { N: '0.25' },
    pendingCheckpointState: { B: Uint8Array.of(0, 1, 255) },
  },
  {
    leaseKey: { S: 'no lease' },
    entityType: { S: 'WORKER_METRIC_STATS' },
    sts: { M: { C: { L: [{ N: '1' }, { N: '-12345678901234567890123456789012345678' }] } } },
    flags: { L: [{ BOOL: true }, { NULL: true }] },
    ns: { NS: ['10', '9'] },
    bs: { BS: [Uint8Array.of(9), Uint8Array.of(1)] },
  },
];

function leaseAdminContract(engine: DynamoDbEngineName): void {
  describe(`lease administration on ${engine}`, () => {
    let running: Awaited<ReturnType<typeof startDynamoDb>>;
    let client: ReturnType<typeof createLocalClients>['dynamodb'];
    let admin: LeaseAdmin;
    let store: DynamoLeaseStore;
    let tables = 0;
    beforeAll(async () => {
      running = await startDynamoDb({ engine });
      client = createLocalClients({ dynamodbEndpoint: running.endpoint }).dynamodb;
    });
    afterAll(async () => {
      client?.destroy();
      await running?.stop();
    });

    const freshTable = async (): Promise<void> => {
      const tableName = `leases-${tables++}`;
      await client.send(
        new CreateTableCommand(createTableInput({ name: tableName, key: ['leaseKey'], indexes: {} })),
      );
      for (let isThere = false; !isThere; ) {
        isThere = await client
          .send(new GetItemCommand({ TableName: tableName, Key: { leaseKey: { S: 'x' } } }))
          .then(
            () => true,
            () => false,
          );
      }
      admin = new LeaseAdmin({ client, tableName });
      const data = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
      store = new DynamoLeaseStore({ client: data, tableName });
    };
    beforeEach(freshTable);

    const row = async (): Promise<Lease> => {
      const lease = await admin.lease('s0');
      if (lease === undefined) throw new Error('no such row');
      return lease;
    };
    const heldBy = async (worker: string): Promise<Lease> => {
      await store.create(NEW);
      await store.take(await row(), worker, {});
      await store.checkpoint(await row(), at('100', 2), false);
      return row();
    };

    it('release makes a lease nobody’s, and the owner’s next write tells it', async () => {
      const held = await heldBy('a');

      expect(await admin.release(held)).toBe('written');

      expect(await row()).toMatchObject({
        owner: undefined,
        counter: held.counter + 1,
        checkpoint: at('100', 2),
      });
      expect(await store.renew(held, false)).toEqual({ kind: 'lost', owner: undefined });
    });

    it('release changes nothing once the owner has written, or another has taken', async () => {
      const seen = await heldBy('a');
      await store.renew(seen, false);

      expect(await admin.release(seen)).toBe('changed');
      expect(await row()).toMatchObject({ owner: 'a', counter: seen.counter + 1 });

      const renewed = await row();
      await store.take(renewed, 'b', {});
      expect(await admin.release({ ...(await row()), owner: 'a' })).toBe('changed');
      expect(await row()).toMatchObject({ owner: 'b' });
    });

    it('a checkpoint moves back, the lease is nobody’s with the same write, and a request is over', async () => {
      const held = await heldBy('a');
      await store.ask(held, 'b');

      expect(await admin.move(held, { checkpoint: at('9', 1) })).toBe('written');

      const moved = await row();
      expect(moved).toMatchObject({ owner: undefined, counter: held.counter + 1, checkpoint: at('9', 1) });
      expect(moved.ours.handOffTo).toBeUndefined();
      // An owner that went on from what it remembers would undo it.
      expect(await store.checkpoint(held, at('200'), false)).toEqual({ kind: 'lost', owner: undefined });
      expect(await row()).toEqual(moved);
    });

    it('a time is stored with the checkpoint that means it, and forgotten with the next', async () => {
      await store.create(NEW);

      await admin.move(await row(), { checkpoint: 'AT_TIMESTAMP', startTimestampMs: 1_700_000_000_000 });
      expect(await row()).toMatchObject({
        checkpoint: 'AT_TIMESTAMP',
        ours: { startTimestampMs: 1_700_000_000_000 },
      });

      await admin.move(await row(), { checkpoint: 'TRIM_HORIZON' });
      expect(await row()).toMatchObject({ checkpoint: 'TRIM_HORIZON', counter: 2 });
      expect((await row()).ours.startTimestampMs).toBeUndefined();
    });

    it('a checkpoint is not moved in a row that has changed', async () => {
      const seen = await heldBy('a');
      await store.renew(seen, false);

      expect(await admin.move(seen, { checkpoint: 'TRIM_HORIZON' })).toBe('changed');
      expect(await row()).toMatchObject({ owner: 'a', checkpoint: at('100', 2) });
    });

    it('what others keep in a row survives both', async () => {
      const [java = {}] = FOREIGN;
      await admin.put(java);
      const lease = await admin.lease('java');

      await admin.move(lease as Lease, { checkpoint: 'TRIM_HORIZON' });

      const [after] = await admin.rows();
      expect(after?.item).toMatchObject({ throughputKBps: { N: '0.25' } });
      // A checkpoint half done by KCL would otherwise be completed over the new one.
      expect(after?.item).not.toHaveProperty('pendingCheckpointState');
    });

    it('a row is put only where there is none, or in place of the one that was seen', async () => {
      const [java = {}, noLease = {}] = FOREIGN;

      expect([await admin.put(java), await admin.put(java)]).toEqual(['written', 'changed']);
      const newer = { ...java, leaseCounter: { N: '8' } };
      expect(await admin.put(newer, { ...java, leaseCounter: { N: '6' } })).toBe('changed');
      expect(await admin.put(newer, java)).toBe('written');
      expect((await admin.lease('java'))?.counter).toBe(8);

      expect([await admin.put(noLease), await admin.put({ ...noLease, x: { S: 'y' } }, noLease)]).toEqual([
        'written',
        'written',
      ]);
    });

    it('all rows go through lines into an empty table and come back as the same bytes', async () => {
      await heldBy('a');
      await store.finish(await row(), ['c1', 'c0']);
      for (const item of FOREIGN) await admin.put(item);
      const exported = async (): Promise<string> =>
        (await admin.rows())
          .map(({ item }) => formatRow(item))
          .sort()
          .join('\n');
      const lines = await exported();

      await freshTable();
      const { items, problems } = parseRows(lines.split('\n'));
      for (const item of items) expect(await admin.put(item)).toBe('written');

      expect([problems, lines.split('\n').length]).toEqual([[], 3]);
      expect(await exported()).toBe(lines);
    });

    it('a listing holds rows that are no lease, with the reason', async () => {
      for (const item of FOREIGN) await admin.put(item);

      const rows = await admin.rows();

      expect(rows.flatMap((each) => leaseIn(each)?.leaseKey ?? [])).toEqual(['java']);
      expect(rows.map((each) => each.row)).toContainEqual({
        leaseKey: 'no lease',
        reason: 'entityType is not LEASE',
      });
      expect(await admin.lease('no lease')).toBeUndefined();
    });
  });
}

leaseAdminContract('auto');
leaseAdminContract('dynalite');
