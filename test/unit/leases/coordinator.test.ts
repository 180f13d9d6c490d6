import { describe, expect, it } from '@jest/globals';
import { classify } from '../../../src/errors.ts';
import { taken } from '../../../src/leases/lease-change.ts';
import { settle } from '../../support/virtual-clock.ts';
import { at, lease, shard } from './fixtures.ts';
import { FAILOVER_MS, Fleet, readOn, SCAN_MS, type Worker } from './fleet.ts';

const TWO_ROUNDS_MS = 200;

const leaseOf = (worker: Worker, index = 0) => {
  const held = worker.started[index];
  if (held === undefined) throw new Error(`no lease ${index}`);
  return held;
};

describe('taking', () => {
  it('a worker alone takes every shard at once after the start', async () => {
    const fleet = new Fleet(['s0', 's1', 's2', 's3']);
    const worker = fleet.worker('a');

    await worker.start();
    await fleet.clock.advance(4 * TWO_ROUNDS_MS);

    expect(worker.held()).toEqual(['s0', 's1', 's2', 's3']);
    await worker.stop();
  });

  it('two workers that start together share', async () => {
    const fleet = new Fleet(['s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7']);
    const [one, two] = [fleet.worker('a'), fleet.worker('b')];

    await Promise.all([one.start(), two.start()]);
    await fleet.clock.advance(2 * SCAN_MS);

    expect([one.held().length, two.held().length]).toEqual([4, 4]);
    expect(new Set([...one.held(), ...two.held()]).size).toBe(8);
    await Promise.all([one.stop(), two.stop()]);
  });

  it('the shards of a killed worker are read again within failover and one scan', async () => {
    const fleet = new Fleet(['s0', 's1', 's2', 's3']);
    const [one, two] = [fleet.worker('a'), fleet.worker('b')];
    await Promise.all([one.start(), two.start()]);
    await fleet.clock.advance(20_000);

    one.kill();
    const tookMs = await fleet.clock.until(() => two.held().length === 4, 30_000, 50);

    expect(tookMs).toBeLessThanOrEqual(FAILOVER_MS + 1.1 * SCAN_MS + TWO_ROUNDS_MS);
    expect(leaseOf(one).isValid()).toBe(false);
    await two.stop();
  });

  it('the shards of a worker that shut down are read again at the next scan', async () => {
    const fleet = new Fleet(['s0', 's1', 's2', 's3']);
    const [one, two] = [fleet.worker('a'), fleet.worker('b')];
    await Promise.all([one.start(), two.start()]);
    await fleet.clock.advance(20_000);

    await one.stop();
    const tookMs = await fleet.clock.until(() => two.held().length === 4, 30_000, 50);

    expect(tookMs).toBeLessThanOrEqual(1.1 * SCAN_MS + TWO_ROUNDS_MS);
    await two.stop();
  });

  it('a worker that restarts while its leases are still valid reads those shards again', async () => {
    const fleet = new Fleet();
    const before = fleet.worker('a');
    await before.start();
    await fleet.clock.advance(TWO_ROUNDS_MS);
    await leaseOf(before).checkpoint(at('7'));
    before.kill();

    const after = fleet.worker('a');
    await after.start();
    await fleet.clock.advance(TWO_ROUNDS_MS);

    expect(leaseOf(after).startAt).toEqual(at('7'));
    await after.stop();
  });

  it('a worker whose wall clock is an hour fast neither steals nor loses leases', async () => {
    const fleet = new Fleet(['s0', 's1']);
    const [one, two] = [fleet.worker('a'), fleet.worker('b')];
    await Promise.all([one.start(), two.start()]);
    await fleet.clock.advance(TWO_ROUNDS_MS);
    const before = fleet.owners();

    fleet.clock.stepWall(3_600_000);
    await fleet.clock.advance(60_000);

    expect(fleet.owners()).toEqual(before);
    expect([...one.named('lease.lost'), ...two.named('lease.lost')]).toEqual([]);
    await Promise.all([one.stop(), two.stop()]);
  });

  it('a row that cannot be read is reported once and stops nobody', async () => {
    const fleet = new Fleet();
    fleet.table.unreadable.push({ leaseKey: 'worker#1', reason: 'leaseCounter is missing' });
    const worker = fleet.worker('a');

    await worker.start();
    await fleet.clock.advance(60_000);

    expect(worker.held()).toEqual(['s0']);
    expect(worker.named('lease.unreadable')).toHaveLength(1);
    await worker.stop();
  });
});

describe('renewing', () => {
  it('an idle lease is renewed about every third of the failover time', async () => {
    const fleet = new Fleet();
    const worker = fleet.worker('a');
    await worker.start();

    await fleet.clock.advance(33_400);

    expect(fleet.table.calls.filter((call) => call.operation === 'renew')).toHaveLength(10);
    await worker.stop();
  });

  it('a checkpoint is a renewal', async () => {
    const fleet = new Fleet();
    const worker = fleet.worker('a');
    await worker.start();
    await fleet.clock.advance(0);

    for (let index = 1; index <= 10; index += 1) {
      await leaseOf(worker).checkpoint(at(String(index)));
      await fleet.clock.advance(3_000);
    }

    expect(fleet.table.calls.filter((call) => call.operation === 'renew')).toEqual([]);
    await worker.stop();
  });

  it('an outage of the table suspends a lease and does not lose it', async () => {
    const fleet = new Fleet(['s0', 's1']);
    const workers = [fleet.worker('a'), fleet.worker('b')];
    await Promise.all(workers.map((worker) => worker.start()));
    await fleet.clock.advance(20_000);
    const before = fleet.owners();

    for (const worker of workers) worker.link.isDown = true;
    await fleet.clock.advance(300_000);
    const held = leaseOf(workers[0] as Worker);
    expect(held.isValid()).toBe(false);
    let answer: string | undefined;
    void held.waitUntilValid().then((result) => {
      answer = result;
    });
    for (const worker of workers) worker.link.isDown = false;
    await fleet.clock.advance(60_000);

    expect(answer).toBe('valid');
    expect(fleet.owners()).toEqual(before);
    expect(workers.flatMap((worker) => worker.named('lease.lost'))).toEqual([]);
    await Promise.all(workers.map((worker) => worker.stop()));
  });

  it('after a pause longer than the lease nothing is valid until the renewal decides', async () => {
    const fleet = new Fleet();
    const worker = fleet.worker('a');
    await worker.start();
    await fleet.clock.advance(TWO_ROUNDS_MS);

    fleet.clock.stall(60_000);
    expect(leaseOf(worker).isValid()).toBe(false);
    await fleet.clock.advance(0);

    expect(leaseOf(worker).isValid()).toBe(true);
    await worker.stop();
  });

  it('validity counts from the start of a renewal, not from its answer', async () => {
    const fleet = new Fleet();
    const worker = fleet.worker('a');
    await worker.start();
    await fleet.clock.advance(3_000);
    let open: () => void = () => undefined;
    worker.link.gate = new Promise((resolve) => {
      open = resolve;
    });

    await fleet.clock.advance(5_000);
    worker.link.gate = new Promise(() => undefined); // for the next call
    open();
    await fleet.clock.advance(0);
    expect(leaseOf(worker).isValid()).toBe(true);

    // Begun at 3.3 s and answered at 8 s: over at 12.3 s at the latest.
    await fleet.clock.advance(4_400);
    expect(leaseOf(worker).isValid()).toBe(false);
  });

  it('renewals whose answers are lost keep the lease', async () => {
    const fleet = new Fleet();
    const worker = fleet.worker('a');
    await worker.start();
    for (let index = 0; index < 20; index += 1) {
      worker.link.loseAnswerOf.add('renew');
      await fleet.clock.advance(5_000);
      expect(leaseOf(worker).isValid()).toBe(true);
    }

    expect(worker.named('lease.lost')).toEqual([]);
    await worker.stop();
  });
});

describe('checkpointing', () => {
  const started = async (changes = {}) => {
    const fleet = new Fleet();
    const worker = fleet.worker('a', changes);
    await worker.start();
    await fleet.clock.advance(TWO_ROUNDS_MS);
    return { fleet, worker, held: leaseOf(worker) };
  };

  it('a checkpoint moves only forward', async () => {
    const { fleet, worker, held } = await started();

    expect(await held.checkpoint(at('10'))).toEqual({ kind: 'stored' });
    expect(await held.checkpoint(at('10'))).toEqual({ kind: 'unchanged' });
    expect(await held.checkpoint(at('9'))).toEqual({ kind: 'unchanged' });
    expect(await held.checkpoint(at('10', 1))).toEqual({ kind: 'stored' });

    expect(fleet.table.row('s0').checkpoint).toEqual(at('10', 1));
    await worker.stop();
  });

  it('a worker whose lease was taken stops reading and cannot move the checkpoint', async () => {
    const { fleet, worker, held } = await started();
    await held.checkpoint(at('10'));
    fleet.table.rows.set('s0', taken(fleet.table.row('s0'), 'b', {}));

    expect(await held.checkpoint(at('11'))).toEqual({ kind: 'lost', owner: 'b' });

    expect(held.lost.aborted && held.stopping.aborted).toBe(true);
    // What waits under this signal rejects with its reason, and that must never look like a fatal error.
    expect(classify(held.lost.reason)).toBe('aborted');
    expect(await held.waitUntilValid()).toBe('lost');
    expect(fleet.table.row('s0').checkpoint).toEqual(at('10'));
    await worker.stop();
  });

  it('losing a lease does not end the worker, and is told once', async () => {
    const { fleet, worker, held } = await started();
    fleet.table.rows.set('s0', taken(fleet.table.row('s0'), 'b', {}));

    await Promise.all([held.checkpoint(at('11')), held.checkpoint(at('12')), fleet.clock.advance(8_000)]);

    expect(worker.named('lease.lost')).toMatchObject([{ fields: { shardId: 's0', leaseOwner: 'b' } }]);
    expect(worker.held()).toEqual([]);
    // The taker died: the shard comes back.
    await fleet.clock.advance(FAILOVER_MS + 2 * SCAN_MS);
    expect(worker.held()).toEqual(['s0']);
    await worker.stop();
  });

  it('a checkpoint whose answer was lost is stored, and the lease is kept', async () => {
    const { fleet, worker, held } = await started();
    worker.link.loseAnswerOf.add('checkpoint');

    const outcome = held.checkpoint(at('10'));
    await fleet.clock.advance(1_000);

    expect(await outcome).toEqual({ kind: 'stored' });
    expect(await held.checkpoint(at('11'))).toEqual({ kind: 'stored' });
    expect(worker.named('lease.lost')).toEqual([]);
    await worker.stop();
  });

  it('a checkpoint after a renewal whose answer was lost is stored', async () => {
    const { fleet, worker, held } = await started();
    const row = fleet.table.row('s0');
    // The table has done our renewal, and we do not know.
    await fleet.table.renew(row, false);

    expect(await held.checkpoint(at('10'))).toEqual({ kind: 'stored' });
    expect(fleet.table.row('s0').counter).toBe(row.counter + 2);
    await worker.stop();
  });

  it('a checkpoint waits out an outage', async () => {
    const { fleet, worker, held } = await started();
    worker.link.isDown = true;
    const outcome = held.checkpoint(at('10'));
    await fleet.clock.advance(120_000);
    worker.link.isDown = false;
    await fleet.clock.advance(5_000);

    expect(await outcome).toEqual({ kind: 'stored' });
    await worker.stop();
  });

  it('a lease row deleted under a worker is a lost lease, not a crash', async () => {
    const { fleet, worker, held } = await started();
    fleet.table.rows.delete('s0');

    expect(await held.checkpoint(at('10'))).toEqual({ kind: 'lost', owner: undefined });
    await worker.stop();
  });
});

describe('resharding', () => {
  it('children are made at TRIM_HORIZON and taken at once when a shard is finished', async () => {
    const fleet = new Fleet();
    const worker = fleet.worker('a', {
      initialPosition: 'LATEST',
      run: async (held) => (held.shardId === 's0' ? held.finish(fleet.split('s0')) : readOn(held)),
    });

    await worker.start();
    await fleet.clock.advance(TWO_ROUNDS_MS);

    expect(worker.held()).toEqual(['s0a', 's0b']);
    expect(leaseOf(worker, 1).startAt).toBe('TRIM_HORIZON');
    expect(fleet.table.row('s0')).toMatchObject({ checkpoint: 'SHARD_END', childShardIds: ['s0a', 's0b'] });
    expect(worker.named('shard.finished')).toMatchObject([{ fields: { childShardIds: ['s0a', 's0b'] } }]);
    await worker.stop();
  });

  it('a child shard waits for both merge parents', async () => {
    const fleet = new Fleet(['s0', 's1']);
    const child = fleet.merge('s0', 's1', 'm');
    let finishSecond: () => void = () => undefined;
    const second = new Promise<void>((resolve) => {
      finishSecond = resolve;
    });
    const worker = fleet.worker('a', {
      run: async (held) => {
        if (held.shardId === 'm') return readOn(held);
        if (held.shardId === 's1') await second;
        return held.finish([child]);
      },
    });

    await worker.start();
    await fleet.clock.advance(2 * SCAN_MS);
    expect(fleet.table.row('m').checkpoint).toBe('TRIM_HORIZON');
    expect(worker.held()).toEqual(['s1']);

    finishSecond();
    await fleet.clock.advance(TWO_ROUNDS_MS);
    expect(worker.held()).toEqual(['m']);
    await worker.stop();
  });

  it('the other parent of a merge gets its lease before the child does', async () => {
    const fleet = new Fleet(['s0']);
    let child = shard('none');
    const worker = fleet.worker('a', {
      run: async (held) => (held.shardId === 's0' ? held.finish([child]) : readOn(held)),
    });
    // The list of shards first knew s0 alone; the merge is seen by its reader before any sync.
    const start = worker.start();
    await start;
    fleet.shards.push(shard('s1'));
    child = fleet.merge('s0', 's1', 'm');

    await fleet.clock.advance(TWO_ROUNDS_MS);

    expect(worker.held()).toEqual(['s1']);
    expect([...fleet.table.rows.keys()].sort()).toEqual(['m', 's0', 's1']);
    await worker.stop();
  });

  it('a shard is never finished unless its SHARD_END is stored', async () => {
    const fleet = new Fleet();
    const worker = fleet.worker('a', { run: async () => ({ kind: 'finished' }) });

    await worker.start();
    await fleet.clock.advance(10_000);

    expect(await worker.coordinator.done).toMatchObject({ kind: 'failed' });
    expect(fleet.table.row('s0')).toMatchObject({ checkpoint: 'TRIM_HORIZON', owner: undefined });
  });

  it('a SHARD_END whose answer was lost is stored once', async () => {
    const fleet = new Fleet();
    const worker = fleet.worker('a', {
      run: async (held) => (held.shardId === 's0' ? held.finish(fleet.split('s0')) : readOn(held)),
    });
    worker.link.loseAnswerOf.add('finish');

    await worker.start();
    await fleet.clock.advance(1_000);

    expect(worker.held()).toEqual(['s0a', 's0b']);
    await worker.stop();
  });

  it('a new shard found by the periodic sync is taken', async () => {
    const fleet = new Fleet();
    const worker = fleet.worker('a');
    await worker.start();
    fleet.shards.push(shard('s1'));

    await fleet.clock.advance(67_000);

    expect(worker.held()).toEqual(['s0', 's1']);
    await worker.stop();
  });
});

describe('ending', () => {
  it('a stop during a write finishes the write, checkpoints it, releases, and leaves nothing running', async () => {
    const fleet = new Fleet();
    const worker = fleet.worker('a', {
      run: async (held) => {
        await readOn(held);
        await fleet.clock.sleep(500); // the write in flight
        await held.checkpoint(at('42'));
        return { kind: 'stopped' };
      },
    });
    await worker.start();
    await fleet.clock.advance(TWO_ROUNDS_MS);

    await worker.stop(20_000);

    expect(fleet.table.row('s0')).toMatchObject({ checkpoint: at('42'), owner: undefined });
    expect(await worker.coordinator.done).toEqual({ kind: 'stopped' });
    expect(worker.named('lease.released')).toHaveLength(1);
    expect(fleet.clock.pendingCount).toBe(0);
  });

  it('a handler that does not return in time is told lost, and its lease is given back all the same', async () => {
    const fleet = new Fleet();
    const worker = fleet.worker('a', { run: () => new Promise(() => undefined) });
    await worker.start();
    await fleet.clock.advance(TWO_ROUNDS_MS);

    await worker.stop(1_000);

    expect(leaseOf(worker).lost.aborted).toBe(true);
    expect(await leaseOf(worker).checkpoint(at('1'))).toEqual({ kind: 'lost', owner: undefined });
    expect(fleet.table.row('s0').owner).toBeUndefined();
  });

  it('a shutdown ends although the table is down', async () => {
    const fleet = new Fleet();
    const worker = fleet.worker('a', {
      run: async (held) => {
        await readOn(held);
        const { kind } = await held.checkpoint(at('1'));
        return kind === 'lost' ? { kind } : { kind: 'stopped' };
      },
    });
    await worker.start();
    await fleet.clock.advance(TWO_ROUNDS_MS);
    worker.link.isDown = true;

    await worker.stop(5_000);

    expect(await worker.coordinator.done).toEqual({ kind: 'stopped' });
    expect(worker.named('lease.release-failed')).toHaveLength(1);
    expect(fleet.clock.pendingCount).toBe(0);
  });

  it('a handler that rejects ends the worker with its error, and the leases are given back', async () => {
    const fleet = new Fleet(['s0', 's1']);
    const error = new Error('broken');
    const worker = fleet.worker('a', {
      run: async (held) => {
        if (held.shardId === 's0') throw error;
        return readOn(held);
      },
    });

    await worker.start();
    await fleet.clock.advance(10_000);

    expect(await worker.coordinator.done).toEqual({ kind: 'failed', error });
    expect(fleet.owners()).toEqual({ s0: undefined, s1: undefined });
  });

  it('a first shard sync that fails fails the start', async () => {
    const fleet = new Fleet();
    fleet.listShardsError = new Error('no such stream');

    await expect(fleet.worker('a').start()).rejects.toThrow('no such stream');
  });

  it('a fatal error of a later shard sync ends the worker with it', async () => {
    const fleet = new Fleet();
    const worker = fleet.worker('a');
    await worker.start();
    fleet.listShardsError = new Error('access denied');

    await fleet.clock.advance(70_000);

    expect(await worker.coordinator.done).toMatchObject({ kind: 'failed' });
    expect(fleet.clock.pendingCount).toBe(0);
  });

  it('a parked shard keeps its lease and is visible; a stop gives it back', async () => {
    const fleet = new Fleet();
    const worker = fleet.worker('a', { run: async () => ({ kind: 'parked', reason: 'too many' }) });

    await worker.start();
    await fleet.clock.advance(60_000);

    expect(worker.coordinator.leases()).toMatchObject([
      { shardId: 's0', state: 'parked', parkedReason: 'too many', isValid: true },
    ]);
    expect(worker.started).toHaveLength(1);
    await worker.stop();
    expect(fleet.owners()).toEqual({ s0: undefined });
  });

  it('a lease is not taken again before the handler that lost it has returned', async () => {
    const fleet = new Fleet();
    let isInside = 0;
    const worker = fleet.worker('a', {
      run: async (held) => {
        isInside += 1;
        expect(isInside).toBe(1);
        await readOn(held);
        await fleet.clock.sleep(40_000); // deaf
        isInside -= 1;
        return { kind: 'lost' };
      },
    });
    await worker.start();
    await fleet.clock.advance(TWO_ROUNDS_MS);
    fleet.table.rows.set('s0', { ...taken(fleet.table.row('s0'), 'b', {}), owner: undefined });

    await fleet.clock.advance(30_000);
    expect(worker.started).toHaveLength(1);
    await fleet.clock.advance(30_000);
    expect(worker.started).toHaveLength(2);
    worker.kill();
  });
});

describe('draining', () => {
  const drainOf = (worker: Worker) => {
    const state = { isDrained: false };
    void worker.coordinator.drained().then(() => {
      state.isDrained = true;
    });
    return state;
  };
  const tips = (worker: Worker) => {
    for (const held of worker.started) held.setReadToTip(true);
  };

  it('a worker alone is drained as soon as its readers are at the tip', async () => {
    const fleet = new Fleet(['s0', 's1']);
    const worker = fleet.worker('a');
    await worker.start();
    const drain = drainOf(worker);
    await fleet.clock.advance(2_000);
    expect(drain.isDrained).toBe(false);

    tips(worker);
    await fleet.clock.advance(10);

    expect(drain.isDrained).toBe(true);
    await worker.stop();
  });

  it('a stream whose leases were left at the tip by an earlier run is read before it is drained', async () => {
    const fleet = new Fleet();
    fleet.table.rows.set('s0', lease('s0', { counter: 9, ours: { readToTipCounter: 9 } }));
    const worker = fleet.worker('a', { leasesMax: 0 });
    await worker.start();
    const drain = drainOf(worker);

    await fleet.clock.advance(60_000);

    expect(drain.isDrained).toBe(false);
    await worker.stop();
  });

  it('a worker waits for the shards of the others, and sees them within seconds', async () => {
    const fleet = new Fleet(['s0', 's1']);
    const [one, two] = [fleet.worker('a'), fleet.worker('b')];
    await Promise.all([one.start(), two.start()]);
    const [first, second] = [drainOf(one), drainOf(two)];
    await fleet.clock.advance(20_000);

    tips(one);
    await fleet.clock.advance(20_000);
    expect([first.isDrained, second.isDrained]).toEqual([false, false]);

    tips(two);
    await fleet.clock.advance(1_100);
    expect([first.isDrained, second.isDrained]).toEqual([true, true]);
    await Promise.all([one.stop(), two.stop()]);
  });

  it('a claim survives the shutdown of its owner', async () => {
    const fleet = new Fleet(['s0', 's1']);
    const [one, two] = [fleet.worker('a', { leasesMax: 1 }), fleet.worker('b', { leasesMax: 1 })];
    await Promise.all([one.start(), two.start()]);
    const drain = drainOf(two);
    await fleet.clock.advance(20_000);
    tips(one);
    await one.stop();

    tips(two);
    await fleet.clock.advance(1_100);

    expect(drain.isDrained).toBe(true);
    await two.stop();
  });

  it('a shard split at its tip is not drained before its children are', async () => {
    const fleet = new Fleet();
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const worker = fleet.worker('a', {
      run: async (held) => {
        if (held.shardId !== 's0') return readOn(held);
        await ended;
        return held.finish(fleet.split('s0'));
      },
    });
    await worker.start();
    await fleet.clock.advance(TWO_ROUNDS_MS);
    fleet.split('s0');
    const drain = drainOf(worker);
    tips(worker);
    await fleet.clock.advance(5_000);
    expect(drain.isDrained).toBe(false);

    end();
    await fleet.clock.advance(TWO_ROUNDS_MS);
    expect(drain.isDrained).toBe(false);
    tips(worker);
    await fleet.clock.advance(1_100);
    expect(drain.isDrained).toBe(true);
    await worker.stop();
  });

  it('a parked shard is never drained', async () => {
    const fleet = new Fleet();
    const worker = fleet.worker('a', { run: async () => ({ kind: 'parked', reason: 'poison' }) });
    await worker.start();
    const drain = drainOf(worker);

    await fleet.clock.advance(60_000);

    expect(drain.isDrained).toBe(false);
    await settle();
    await worker.stop();
  });
});

describe('a merge child whose other parent is below a shard that is still being read', () => {
  it('gets its lease from that parent’s end, never before', async () => {
    // s1 is split into a and b while nobody has read it to its end; a is merged with s0.
    const fleet = new Fleet(['s0', 's1']);
    let isSplitRead = false;
    const worker = fleet.worker('a', {
      run: async (held) => {
        if (held.shardId === 's0') {
          fleet.split('s1');
          const child = fleet.merge('s0', 's1a', 'm');
          return held.finish([child]);
        }
        while (!isSplitRead && held.shardId === 's1') await fleet.clock.sleep(1_000);
        if (held.shardId === 's1')
          return held.finish(fleet.shards.filter(({ shardId }) => /^s1[ab]/.test(shardId)));
        if (held.shardId === 's1a') return held.finish(fleet.shards.filter(({ shardId }) => shardId === 'm'));
        return readOn(held);
      },
    });
    await worker.start();
    await fleet.clock.advance(150_000);
    expect(fleet.table.rows.has('m')).toBe(false);

    isSplitRead = true;
    await fleet.clock.advance(20_000);

    const order = worker.started.map(({ shardId }) => shardId);
    expect(order.indexOf('m')).toBeGreaterThan(order.indexOf('s1a'));
    expect(order).toContain('s1b');
    await worker.stop();
  });
});
