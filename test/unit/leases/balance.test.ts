/** Whole fleets on one virtual clock: how fast they even out, what moves, what is read twice, what it costs. */
import { describe, expect, it } from '@jest/globals';
import type { HeldLease, ShardRunOutcome } from '../../../src/leases/index.ts';
import { at, lease, seededRandom } from './fixtures.ts';
import { FAILOVER_MS, Fleet, type Worker } from './fleet.ts';

const shardIds = (count: number): string[] => Array.from({ length: count }, (_, index) => `s${index}`);
const loads = (workers: readonly Worker[]): number[] =>
  workers.map((worker) => worker.held().length).sort((a, b) => a - b);
const isEven = (workers: readonly Worker[], shards: number): boolean => {
  const counts = loads(workers);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return total === shards && (counts.at(-1) ?? 0) - (counts[0] ?? 0) <= 1;
};
const count = (workers: readonly Worker[], name: Parameters<Worker['named']>[0]): number =>
  workers.reduce((sum, worker) => sum + worker.named(name).length, 0);

/** Reads one record a second from the shard's log, checkpoints each; notes who read what. */
const readerOf =
  (fleet: Fleet, workerId: string, log: { workerId: string; shardId: string; record: number }[]) =>
  async (held: HeldLease): Promise<ShardRunOutcome> => {
    let next = typeof held.startAt === 'object' ? Number(held.startAt.sequenceNumber) + 1 : 0;
    while (!held.stopping.aborted) {
      await fleet.clock.sleep(1_000, held.stopping);
      if ((await held.waitUntilValid()) === 'lost') return { kind: 'lost' };
      if (held.stopping.aborted) break;
      log.push({ workerId, shardId: held.shardId, record: next });
      if ((await held.checkpoint(at(String(next)))).kind === 'lost') return { kind: 'lost' };
      next += 1;
    }
    return held.lost.aborted ? { kind: 'lost' } : { kind: 'stopped' };
  };

describe('a fleet evens out to ± 1 within 2 failover times', () => {
  it.each([
    [4, 1, 1],
    [12, 1, 1],
    [12, 2, 1],
    [12, 1, 3],
    [7, 3, 2],
    [3, 3, 2],
    [64, 2, 5],
  ])('%d shards, %d workers, %d more join at once', async (shards, before, more) => {
    const fleet = new Fleet(shardIds(shards));
    const workers = Array.from({ length: before }, (_, index) => fleet.worker(`old-${index}`));
    await Promise.all(workers.map((worker) => worker.start()));
    await fleet.clock.until(() => isEven(workers, shards), 2 * FAILOVER_MS, 50);

    const newcomers = Array.from({ length: more }, (_, index) => fleet.worker(`new-${index}`));
    await Promise.all(newcomers.map((worker) => worker.start()));
    const all = [...workers, ...newcomers];
    await fleet.clock.until(() => isEven(all, shards), 2 * FAILOVER_MS, 50);

    // Given, not stolen.
    expect(count(all, 'lease.lost')).toBe(0);
    await Promise.all(all.map((worker) => worker.stop()));
  });

  it('after each of 25 random joins, stops and kills; and then nothing moves any more', async () => {
    const random = seededRandom(11);
    const fleet = new Fleet(shardIds(13));
    let alive = [fleet.worker('w0')];
    await alive[0]?.start();
    for (let step = 1; step <= 25; step += 1) {
      const change = random.next();
      const victim = alive[Math.floor(random.next() * alive.length)];
      if (alive.length < 2 || (change < 0.5 && alive.length < 6)) {
        const worker = fleet.worker(`w${step}`);
        await worker.start();
        alive.push(worker);
      } else {
        if (change < 0.75) await victim?.stop();
        else victim?.kill();
        alive = alive.filter((worker) => worker !== victim);
      }
      const isKill = change >= 0.75;
      const everyone = alive;
      // A dead worker is found out after one failover time.
      await fleet.clock.until(() => isEven(everyone, 13), (isKill ? 3 : 2) * FAILOVER_MS, 100);
    }
    const taken = count(alive, 'lease.taken');
    await fleet.clock.advance(60_000);
    expect(count(alive, 'lease.taken')).toBe(taken);
    await Promise.all(alive.map((worker) => worker.stop()));
  });

  it('finished leases and those that wait for parents do not count', async () => {
    const fleet = new Fleet(shardIds(4));
    for (let index = 0; index < 6; index += 1)
      fleet.table.rows.set(`done${index}`, lease(`done${index}`, { owner: 'a', checkpoint: 'SHARD_END' }));
    const [one, two] = [fleet.worker('a'), fleet.worker('b')];
    await one.start();
    await fleet.clock.advance(2_000);
    await two.start();

    await fleet.clock.until(() => isEven([one, two], 4), 2 * FAILOVER_MS, 50);
    await Promise.all([one.stop(), two.stop()]);
  });
});

describe('a free lease', () => {
  it('that another worker took first costs no wait: what else is free is taken at once', async () => {
    const fleet = new Fleet(shardIds(4));
    for (const [shardId, owner] of [
      ['s0', 'self'],
      ['s1', 'rival'],
      ['s2', undefined],
      ['s3', undefined],
    ] as const)
      fleet.table.rows.set(shardId, lease(shardId, { owner }));
    const worker = fleet.worker('self');
    const take = worker.link.take.bind(worker.link);
    let beatenTo: string | undefined;
    worker.link.take = async (wanted, ...rest) => {
      if (wanted.owner === undefined && beatenTo === undefined) {
        beatenTo = wanted.leaseKey;
        await fleet.table.take(wanted, 'rival', {});
      }
      return take(wanted, ...rest);
    };
    await worker.start();
    await fleet.clock.advance(100);

    expect(worker.held()).toEqual(['s0', beatenTo === 's2' ? 's3' : 's2']);
    await worker.stop();
  });
});

describe('a hand-off', () => {
  it('lets the owner finish and checkpoint first: no record is read twice, none is left out', async () => {
    const fleet = new Fleet(shardIds(12));
    const log: { workerId: string; shardId: string; record: number }[] = [];
    const start = async (workerId: string): Promise<Worker> => {
      const worker = fleet.worker(workerId, { run: readerOf(fleet, workerId, log) });
      await worker.start();
      return worker;
    };
    const workers = [await start('a')];
    await fleet.clock.advance(10_000);
    workers.push(await start('b'), await start('c'));
    await fleet.clock.until(() => isEven(workers, 12), 2 * FAILOVER_MS, 50);
    await workers[0]?.stop(5_000);
    await fleet.clock.advance(10_000);

    for (const shardId of shardIds(12)) {
      const records = log.filter((entry) => entry.shardId === shardId).map(({ record }) => record);
      expect(records).toEqual(records.map((_, index) => index));
    }
    await Promise.all(workers.slice(1).map((worker) => worker.stop(5_000)));
  });

  it.each([
    ['while it is asked for', 0],
    ['before the request came', 1],
  ])('of a shard that ends %s keeps nobody from asking for others', async (_, lateBy) => {
    const fleet = new Fleet(shardIds(6));
    let endings = 3;
    const old = fleet.worker('old', {
      run: async (held) => {
        await new Promise((resolve) => held.stopping.addEventListener('abort', resolve, { once: true }));
        if (endings === 0) return { kind: held.lost.aborted ? 'lost' : 'stopped' };
        endings -= 1;
        await held.finish([]);
        // As if the request had met the row of a shard that has just ended.
        const row = fleet.table.rows.get(held.leaseKey);
        if (row && lateBy > 0)
          fleet.table.rows.set(held.leaseKey, { ...row, ours: { ...row.ours, handOffTo: 'new' } });
        return { kind: 'finished' };
      },
    });
    await old.start();
    await fleet.clock.until(() => old.held().length === 6, FAILOVER_MS, 50);
    const newcomer = fleet.worker('new');
    await newcomer.start();

    await fleet.clock.until(() => endings === 0 && isEven([old, newcomer], 3), 2 * FAILOVER_MS, 50);
    if (lateBy === 0) for (const row of fleet.table.rows.values()) expect(row.ours.handOffTo).toBeUndefined();
    await Promise.all([old.stop(), newcomer.stop()]);
  });

  it('that the owner never answers is a theft after one failover time', async () => {
    const fleet = new Fleet(shardIds(2));
    // A worker that renews but knows nothing of requests, as an old version would.
    const stubborn = fleet.worker('old');
    await stubborn.start();
    await fleet.clock.advance(1_000);
    stubborn.link.list = () => new Promise(() => undefined);
    const newcomer = fleet.worker('new');
    await newcomer.start();

    const tookMs = await fleet.clock.until(() => newcomer.held().length === 1, 3 * FAILOVER_MS, 50);

    expect(tookMs).toBeGreaterThan(FAILOVER_MS);
    expect(tookMs).toBeLessThan(2 * FAILOVER_MS);
    newcomer.kill();
    stubborn.kill();
  });

  it('of a parked shard is refused: the fleet does not pass the trouble round', async () => {
    const fleet = new Fleet(shardIds(2));
    const one = fleet.worker('a', { run: async () => ({ kind: 'parked', reason: 'test' }) });
    await one.start();
    await fleet.clock.advance(1_000);
    const two = fleet.worker('b');
    await two.start();

    await fleet.clock.advance(60_000);

    expect(one.held()).toEqual(['s0', 's1']);
    expect(fleet.table.row('s0').ours.handOffTo).toBeUndefined();
    await Promise.all([one.stop(), two.stop()]);
  });

  it('asked for by a worker that then stops does not leave a shard with nobody', async () => {
    const fleet = new Fleet(shardIds(4));
    const one = fleet.worker('a');
    await one.start();
    await fleet.clock.advance(2_000);
    const two = fleet.worker('b');
    await two.start();
    await fleet.clock.until(() => two.named('lease.asked').length > 0, FAILOVER_MS, 10);

    await two.stop();
    const tookMs = await fleet.clock.until(() => isEven([one], 4), FAILOVER_MS, 50);

    expect(tookMs).toBeLessThan(FAILOVER_MS / 2);
    await one.stop();
  });
});

describe('a stop', () => {
  it('in a fleet of several is followed by others within 2 s', async () => {
    const fleet = new Fleet(shardIds(12));
    const workers = ['a', 'b', 'c'].map((id) => fleet.worker(id));
    await Promise.all(workers.map((worker) => worker.start()));
    await fleet.clock.until(() => isEven(workers, 12), 2 * FAILOVER_MS, 50);
    await fleet.clock.advance(60_000);

    const [first, ...rest] = workers as [Worker, ...Worker[]];
    await first.stop(0);
    const tookMs = await fleet.clock.until(() => isEven(rest, 12), 10_000, 20);

    expect(tookMs).toBeLessThan(1_500);
    await Promise.all(rest.map((worker) => worker.stop()));
  });
});

describe('after a long outage of the table', () => {
  it('1,000 leases that nobody holds any more are held again by 20 workers and even within 60 s, without a storm', async () => {
    const fleet = new Fleet([]);
    for (const id of shardIds(1_000))
      fleet.table.rows.set(id, lease(id, { owner: `dead-${id.length}`, counter: 7 }));
    const workers = Array.from({ length: 20 }, (_, index) => fleet.worker(`w${index}`));
    await Promise.all(workers.map((worker) => worker.start()));
    const writes = () => fleet.table.calls.filter(({ operation }) => operation === 'take').length;
    let perSecondMax = 0;
    let before = writes();
    const held = () => workers.reduce((sum, worker) => sum + worker.held().length, 0);
    let seconds = 0;
    for (; held() < 1_000 && seconds < 60; seconds += 1) {
      await fleet.clock.advance(1_000);
      perSecondMax = Math.max(perSecondMax, writes() - before);
      before = writes();
    }

    expect(held()).toBe(1_000);
    // 20 workers × 64 takes is the bound of one round; a storm would be every worker trying every lease.
    expect(perSecondMax).toBeLessThanOrEqual(20 * 64 * 2);
    expect(writes()).toBeLessThan(3 * 1_000);
    await fleet.clock.until(() => isEven(workers, 1_000), 60_000 - seconds * 1_000, 500);
    for (const worker of workers) worker.kill();
  }, 60_000);

  it('leases that were held before are simply renewed: nothing moves', async () => {
    const fleet = new Fleet(shardIds(60));
    const workers = ['a', 'b', 'c'].map((id) => fleet.worker(id));
    await Promise.all(workers.map((worker) => worker.start()));
    await fleet.clock.until(() => isEven(workers, 60), 2 * FAILOVER_MS, 50);
    const taken = count(workers, 'lease.taken');
    for (const worker of workers) worker.link.isDown = true;
    await fleet.clock.advance(1_800_000);
    for (const worker of workers) worker.link.isDown = false;
    await fleet.clock.advance(60_000);

    expect(count(workers, 'lease.taken')).toBe(taken);
    expect(workers.every(({ coordinator }) => coordinator.leases().every(({ isValid }) => isValid))).toBe(
      true,
    );
    await Promise.all(workers.map((worker) => worker.stop()));
  }, 60_000);
});

describe('the table is looked through', () => {
  const listsIn = async (fleet: Fleet, ms: number): Promise<number> => {
    const before = fleet.table.calls.filter(({ operation }) => operation === 'list').length;
    await fleet.clock.advance(ms);
    return fleet.table.calls.filter(({ operation }) => operation === 'list').length - before;
  };

  it('ever more seldom by a worker alone, and again often when another comes', async () => {
    const fleet = new Fleet(shardIds(16));
    const one = fleet.worker('a');
    await one.start();
    await fleet.clock.advance(60_000);
    // Every 5 s, and one of the shard sync's.
    expect(await listsIn(fleet, 60_000)).toBeLessThanOrEqual(15);

    const two = fleet.worker('b');
    await two.start();
    await fleet.clock.advance(20_000);
    expect(await listsIn(fleet, 60_000)).toBeGreaterThanOrEqual(2 * 50);
    await Promise.all([one.stop(), two.stop()]);
  });

  it('idle, with no more than 0.31 writes per shard-second', async () => {
    const fleet = new Fleet(shardIds(16));
    const one = fleet.worker('a');
    await one.start();
    await fleet.clock.advance(20_000);
    const before = fleet.table.calls.filter(({ operation }) => operation === 'renew').length;
    await fleet.clock.advance(100_000);
    const renewals = fleet.table.calls.filter(({ operation }) => operation === 'renew').length - before;

    expect(renewals / (16 * 100)).toBeLessThanOrEqual(0.31);
    await one.stop();
  });
});

describe('beside workers of Java KCL 2', () => {
  /** A Java worker: it renews every third of the failover time what it has, knows no attribute of ours, and takes by
   *  the same rule every two failover times. */
  const javaWorker = (fleet: Fleet, workerId: string) => {
    const state = { isAlive: true };
    const rows = () => [...fleet.table.rows.values()];
    void (async () => {
      while (state.isAlive) {
        for (const row of rows().filter(({ owner }) => owner === workerId))
          fleet.table.rows.set(row.leaseKey, { ...row, counter: row.counter + 1 });
        await fleet.clock.sleep(FAILOVER_MS / 3);
      }
    })();
    return {
      held: () =>
        rows()
          .filter(({ owner }) => owner === workerId)
          .map(({ leaseKey }) => leaseKey),
      stop: () => {
        state.isAlive = false;
        for (const row of rows().filter(({ owner }) => owner === workerId))
          fleet.table.rows.set(row.leaseKey, { ...row, owner: undefined, counter: row.counter + 1 });
      },
    };
  };

  it('a worker of ours takes its share one by one, asks for nothing, and then nothing moves', async () => {
    const fleet = new Fleet(shardIds(8));
    for (const id of shardIds(8))
      fleet.table.rows.set(id, lease(id, { owner: 'java', ours: { takenBy: 'ours-before' } }));
    const java = javaWorker(fleet, 'java');
    const ours = fleet.worker('ours');
    await ours.start();

    await fleet.clock.until(() => ours.held().length === 4, 2 * FAILOVER_MS, 100);
    const takes = count([ours], 'lease.taken');
    await fleet.clock.advance(10 * FAILOVER_MS);

    expect([java.held().length, ours.held().length]).toEqual([4, 4]);
    expect([count([ours], 'lease.taken'), count([ours], 'lease.asked')]).toEqual([takes, 0]);

    java.stop();
    await fleet.clock.until(() => ours.held().length === 8, FAILOVER_MS, 100);
    await ours.stop();
  });
});
