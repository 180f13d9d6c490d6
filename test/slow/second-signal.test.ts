/** A worker ends when it is told to, whatever its dependencies do. Complaints 7 and 11 of KCL's users. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/time.ts';
import { type Engines, startEngines, type World } from '../support/engines.ts';
import type { RecordedCall } from '../support/recorded-call.ts';
import { until } from '../support/until.ts';
import { type FleetWorker, WorkerFleet } from '../support/worker-fleet.ts';

const SHARDS = 4;
const GRACE_MS = 2_000;
/** Beyond the grace: leases are given back where the table answers, the log is flushed, the process ends. */
const SMALL_MS = 3_000;
const AT_ONCE_MS = 500;

let engines: Engines;
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(() => engines?.stop());

interface StuckWorker {
  readonly worker: FleetWorker;
  readonly fleet: WorkerFleet;
}

/** By then each shard got records and hangs, too. */
const EACH_SHARD_MS = 1_000;

/** What does not answer any more. */
interface Stuck {
  readonly service: 'kinesis' | 'dynamodb';
  readonly isHeld: (call: RecordedCall, world: World) => boolean;
  /** Calls that hang when each shard does. */
  readonly callsMin: number;
}
const KINESIS: Stuck = { service: 'kinesis', callsMin: SHARDS, isHeld: () => true };
const DYNAMODB: Stuck = { service: 'dynamodb', callsMin: SHARDS, isHeld: () => true };
const SESSIONS_TABLE: Stuck = {
  service: 'dynamodb',
  // One batch may hold the writes of all shards.
  callsMin: 1,
  isHeld: ({ request }, { names }) => request['TableName'] !== names.leases,
};

/** A worker that was busy when one of its dependencies stopped to answer. */
async function withStuckWorker(
  { service, isHeld, callsMin }: Stuck,
  graceMs: number,
  test: (stuck: StuckWorker) => Promise<void>,
): Promise<void> {
  const world = await engines.world(SHARDS);
  const fleet = new WorkerFleet(engines, world, {
    SUPERSIM_FAILOVER_TIME_MS: '10000',
    SUPERSIM_SHUTDOWN_GRACE_MS: String(graceMs),
  });
  try {
    const worker = await fleet.start('stuck');
    await fleet.untilOwned('the start', 20_000);
    await fleet.startTraffic('stuck', 300);
    await until('events are stored', 10_000, async () => (await world.items('sessions')).length === SHARDS);
    worker[service].holdAnswers((call) => isHeld(call, world));
    await until('calls hang', 10_000, () => worker[service].openCalls().length >= callsMin);
    await systemClock.sleep(EACH_SHARD_MS);
    await test({ worker, fleet });
  } finally {
    await fleet.stop();
  }
}

describe('a worker whose DynamoDB does not answer', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('ends at once at the second %s, with exit %i', async (signal, exitCode) => {
    await withStuckWorker(DYNAMODB, 25_000, async ({ worker: { process: worker } }) => {
      worker.child.kill(signal);
      await until('the first signal is heard', 5_000, () => worker.output().includes('worker.signal'));
      await systemClock.sleep(AT_ONCE_MS);
      expect(worker.child.exitCode).toBeNull();

      const startedAtMs = systemClock.monotonicMs();
      worker.child.kill(signal);

      expect(await worker.done).toMatchObject({ code: exitCode });
      expect(systemClock.monotonicMs() - startedAtMs).toBeLessThan(AT_ONCE_MS);
    });
  });
});

describe(`SIGTERM, with a grace of ${GRACE_MS} ms`, () => {
  const endOf = async (what: string, { fleet, worker }: StuckWorker) => {
    const finished = await fleet.end(worker.name, 'SIGTERM');
    const owners = (await fleet.leases()).map(({ owner }) => owner);
    process.stdout.write(
      `${what} stuck: exit ${finished.code} after ${finished.tookMs.toFixed(0)} ms, grace ${GRACE_MS} ms\n`,
    );
    return { ...finished, owners };
  };
  const nobody = Array.from({ length: SHARDS }, () => undefined);

  it('ends a worker whose Kinesis does not answer at once, with its leases freed', async () => {
    await withStuckWorker(KINESIS, GRACE_MS, async (stuck) => {
      const { code, tookMs, owners } = await endOf('Kinesis', stuck);

      expect([code, owners]).toEqual([0, nobody]);
      expect(tookMs).toBeLessThan(AT_ONCE_MS);
    });
  });

  it('ends a worker whose session table does not answer after the grace, with its leases freed', async () => {
    await withStuckWorker(SESSIONS_TABLE, GRACE_MS, async (stuck) => {
      const { code, tookMs, owners } = await endOf('session table', stuck);

      expect([code, owners]).toEqual([0, nobody]);
      expect(tookMs).toBeGreaterThanOrEqual(GRACE_MS);
      expect(tookMs).toBeLessThan(GRACE_MS + SMALL_MS);
    });
  });

  it('ends a worker whose DynamoDB does not answer soon after the grace, lease table and all', async () => {
    await withStuckWorker(DYNAMODB, GRACE_MS, async (stuck) => {
      const { code, tookMs } = await endOf('DynamoDB', stuck);

      expect(code).toBe(0);
      expect(tookMs).toBeLessThan(GRACE_MS + SMALL_MS);
    });
  });
});
