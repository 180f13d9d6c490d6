import { describe, expect, it } from '@jest/globals';
import type { FleetCounts, HeldLeaseSnapshot } from '../../../src/leases/index.ts';
import { PrometheusMetrics } from '../../../src/ops/prometheus-metrics.ts';
import { WorkerHealth } from '../../../src/ops/worker-health.ts';
import { logLines } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const FAILOVER_MS = 10_000;
const SHARD = 'shardId-000000000003';

async function givenHealth() {
  const clock = new VirtualClock();
  const { log } = logLines();
  const metrics = new PrometheusMetrics({ clock, stream: 's', version: '1', node: 'v24' });
  const world: { leases: Partial<HeldLeaseSnapshot>[]; holes: number } = { leases: [], holes: 0 };
  const health = new WorkerHealth({
    clock,
    log,
    metrics,
    heldLeases: () => world.leases as HeldLeaseSnapshot[],
    fleet: () => ({ holes: world.holes }) as FleetCounts,
    failoverTimeMs: FAILOVER_MS,
  });
  const ended = new AbortController();
  const pulse = health.pulse(ended.signal);
  await clock.advance(0);
  const dead = (): string[] =>
    health.heartbeats.states().flatMap(({ isAlive, name }) => (isAlive ? [] : [name]));
  const stop = async (): Promise<void> => {
    ended.abort();
    await pulse;
  };
  return { clock, health, metrics, world, dead, stop };
}

describe('liveness', () => {
  it('is lost when a lease loop hangs, after long enough for all that it may wait for', async () => {
    const { clock, health, dead, stop } = await givenHealth();
    health.onPass('take');
    health.onPass('renew');

    await clock.advance(150_000);
    health.onPass('renew');
    await clock.advance(10_000);
    expect(dead()).toEqual([]);
    await clock.advance(1);
    expect(dead()).toEqual(['leases/take']);
    health.onPass('take');
    expect(dead()).toEqual([]);
    await stop();
  });

  it('does not depend on the sync of shards, which waits for Kinesis without end', async () => {
    const { clock, health, dead, stop } = await givenHealth();
    health.onPass('shard-sync');
    await clock.advance(3_600_000);

    expect(dead()).toEqual([]);
    await stop();
  });

  it('does not miss lease loops that end in good order', async () => {
    const { clock, health, dead, stop } = await givenHealth();
    health.onPass('take');
    health.loopsEnd();
    health.onPass('take');
    await clock.advance(3_600_000);

    expect(dead()).toEqual([]);
    await stop();
  });
});

describe('what is wrong', () => {
  it('is a parked shard and a hole, each since it is so', async () => {
    const { clock, health, world, stop } = await givenHealth();
    await clock.advance(5_000);
    expect(health.troubles()).toEqual([]);

    world.leases = [{ leaseKey: SHARD, state: 'parked', parkedReason: 'too-many-dead-letters' }];
    world.holes = 2;
    await clock.advance(61_000);
    expect(health.troubles()).toEqual([
      {
        kind: 'shard-parked',
        subject: SHARD,
        text: `${SHARD} waits for a person: too-many-dead-letters`,
        forMs: 60_000,
      },
      {
        kind: 'hash-range-hole',
        subject: 'hash range',
        text: '2 parts of the hash range without a lease: nobody reads there',
        forMs: 60_000,
      },
    ]);

    world.leases = [{ leaseKey: SHARD, state: 'running' }];
    world.holes = 0;
    await clock.advance(1_000);
    expect(health.troubles()).toEqual([]);
    await stop();
  });

  it('has the worst first: AWS, then shards', async () => {
    const { clock, health, metrics, world, stop } = await givenHealth();
    metrics.readPage('shard-1', { records: { length: 1 }, bytes: 1, millisBehindLatest: 0 });
    world.leases = [{ leaseKey: SHARD, state: 'parked' }];
    const ended = health.onCall('data');
    await clock.advance(400_000);
    ended({ error: Object.assign(new Error('late'), { name: 'TimeoutError' }) });

    expect(health.troubles().map(({ kind }) => kind)).toEqual(['aws-failing', 'shard-parked', 'shard-stuck']);
    expect(health.troubles()[0]?.subject).toBe('DynamoDB');
    await stop();
  });

  it('in the lease table is told as that, and its failures are counted', async () => {
    const { clock, health, metrics, stop } = await givenHealth();
    const ended = health.onCall('leases');
    await clock.advance(11_000);
    ended({ error: Object.assign(new Error('late'), { name: 'TimeoutError' }), attempts: 2 });

    expect(health.troubles().map(({ subject }) => subject)).toEqual(['The lease table']);
    const { body } = await metrics.render();
    expect(body).toContain(
      'supersim_aws_errors_total{service="lease-table",error="TimeoutError",stream="s"} 1',
    );
    expect(body).toContain('supersim_aws_retries_total{service="lease-table",stream="s"} 1');
    await stop();
  });
});
