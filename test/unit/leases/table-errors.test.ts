/** What a table may answer beside a refused condition: never taken for an outcome. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { DynamoLeaseStore, LeaseAdmin } from '../../../src/leases/index.ts';
import { at, lease } from './fixtures.ts';

const denied = Object.assign(new Error('denied'), { name: 'AccessDeniedException' });
const client = { send: () => Promise.reject(denied) } as unknown as DynamoDBDocumentClient;
const store = new DynamoLeaseStore({ client, tableName: 'leases' });
const held = lease('s', { owner: 'me', counter: 3 });

describe('an error of the table that is no refused condition', () => {
  it.each([
    ['listing', () => store.list()],
    ['a get', () => store.get('s')],
    ['a create', () => store.create({ ...held, checkpoint: 'TRIM_HORIZON' })],
    ['a take', () => store.take(held, 'me', {})],
    ['a renewal', () => store.renew(held, false)],
    ['a checkpoint', () => store.checkpoint(held, at('5'), false)],
    ['a release', () => store.release(held, { readToTip: false, isDraining: false })],
    ['a request', () => store.ask(held, 'other')],
    ['a withdrawal', () => store.withdraw('s', 'me')],
    ['a removal', () => store.remove(held)],
    ['an operator’s release', () => new LeaseAdmin({ client, tableName: 'leases' }).release(held)],
  ])('comes through from %s', async (_, call) => {
    await expect(call()).rejects.toBe(denied);
  });
});
