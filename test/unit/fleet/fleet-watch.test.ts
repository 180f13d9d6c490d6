import { describe, expect, it } from '@jest/globals';
import { changesBetween, type Fleet } from '../../../src/fleet/fleet.ts';
import { FleetWatch } from '../../../src/fleet/fleet-watch.ts';
import type { Lease, TableRow } from '../../../src/leases/index.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { at, lease } from '../leases/fixtures.ts';

const FAILOVER_TIME_MS = 10_000;

/** A lease table that the test writes. */
function givenTable(...leases: readonly Lease[]) {
  const clock = new VirtualClock();
  const table = new Map(leases.map((row) => [row.leaseKey, row]));
  const rows = async (): Promise<TableRow[]> => [...table.values()].map((row) => ({ item: {}, row }));
  const watch = new FleetWatch(
    { admin: { rows }, clock },
    { stream: 'events', failoverTimeMs: FAILOVER_TIME_MS },
  );
  const change = (leaseKey: string, changes: Partial<Lease>): void => {
    table.set(leaseKey, { ...(table.get(leaseKey) ?? lease(leaseKey)), ...changes });
  };
  const renew = (leaseKey: string): void =>
    change(leaseKey, { counter: (table.get(leaseKey)?.counter ?? 0) + 1 });
  return { clock, table, watch, change, renew };
}

const states = ({ shards }: Fleet) =>
  Object.fromEntries(shards.map(({ leaseKey, state }) => [leaseKey, state]));

describe('a watched fleet', () => {
  it('does not know after one look who is alive', async () => {
    const { watch } = givenTable(lease('a', { owner: 'w1' }), lease('b'));

    const fleet = await watch.look();

    expect(states(fleet)).toEqual({ a: 'held', b: 'free' });
    expect(fleet.workers).toEqual([{ workerId: 'w1', isAlive: undefined, shards: 1 }]);
  });

  it('takes an owner whose counter moves for alive, between its renewals too', async () => {
    const { clock, watch, renew } = givenTable(lease('a', { owner: 'w1' }));
    await watch.look();
    await clock.advance(4_000);
    renew('a');
    await watch.look();
    await clock.advance(3_000);

    const fleet = await watch.look();

    expect(states(fleet)).toEqual({ a: 'running' });
    expect(fleet.workers).toEqual([{ workerId: 'w1', isAlive: true, shards: 1 }]);
    expect(fleet.shards[0]?.stillForMs).toBe(3_000);
  });

  it('calls a lease expired after a whole failover time without a move, and its worker dead', async () => {
    const { clock, watch } = givenTable(lease('a', { owner: 'w1' }));
    await watch.look();
    await clock.advance(4_000);
    const early = await watch.look();
    await clock.advance(6_000);
    const late = await watch.look();

    expect([states(early), states(late)]).toEqual([{ a: 'expired?' }, { a: 'expired' }]);
    expect(late.workers).toEqual([{ workerId: 'w1', isAlive: false, shards: 1 }]);
    expect(changesBetween(early, late)).toEqual([{ kind: 'expired', shard: late.shards[0] }]);
  });

  it('tells how long a checkpoint has stood still', async () => {
    const { clock, watch, change } = givenTable(lease('a', { owner: 'w1', checkpoint: at('7') }));
    await watch.look();
    await clock.advance(5_000);
    const still = await watch.look();
    change('a', { checkpoint: at('8') });
    const moved = await watch.look();

    expect(still.shards[0]).toMatchObject({ checkpoint: '7', checkpointStillForMs: 5_000 });
    expect(moved.shards[0]).toMatchObject({ checkpoint: '8', checkpointStillForMs: 0 });
  });

  it('finds new owners, finished shards, their children and what is gone', async () => {
    const { table, watch, change } = givenTable(
      lease('a', { owner: 'w1' }),
      lease('b', { owner: 'w1' }),
      lease('c', { checkpoint: 'SHARD_END' }),
    );
    const before = await watch.look();
    change('a', { owner: 'w2', counter: 1 });
    change('b', { owner: undefined, counter: 1, checkpoint: 'SHARD_END' });
    change('d', { parentShardIds: ['b'] });
    table.delete('c');
    const after = await watch.look();

    const changes = changesBetween(before, after).map(({ kind, shard }) => [kind, shard.leaseKey]);

    expect(changes).toEqual([
      ['moved', 'a'],
      ['finished', 'b'],
      ['created', 'd'],
      ['removed', 'c'],
    ]);
    expect(changesBetween(after, after)).toEqual([]);
  });

  it('names the stream of each lease where the table is of several', async () => {
    const { watch } = givenTable(
      lease('1234:other:17:shardId-000000000000', {
        streamId: '1234:other:17',
        shardId: 'shardId-000000000000',
      }),
      lease('plain'),
    );

    const { shards } = await watch.look();

    expect(shards.map(({ stream }) => stream).sort()).toEqual(['events', 'other']);
  });
});
