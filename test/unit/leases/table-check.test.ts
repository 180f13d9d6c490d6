/** Tables that a worker must not touch, and the start positions it stores. */

import { describe, expect, it } from '@jest/globals';
import { renewed, taken } from '../../../src/leases/lease-change.ts';
import { at, lease } from './fixtures.ts';
import { FAILOVER_MS, Fleet, readOn } from './fleet.ts';
import { TableDown } from './memory-lease-store.ts';

const startOf = async (fleet: Fleet, options = {}): Promise<unknown> => {
  const worker = fleet.worker('a', options);
  const started = worker.coordinator.start().then(
    () => 'started',
    (error: { problem?: string; message: string }) => error,
  );
  await fleet.clock.advance(5 * FAILOVER_MS);
  const outcome = await started;
  await worker.stop();
  return outcome;
};

describe('a table with the marks of KCL 3', () => {
  const row = lease('s0', { owner: 'java', counter: 3, checkpoint: at('5'), hasKcl3Marks: true, ours: {} });
  const withLiveOwner = (): Fleet => {
    const fleet = new Fleet();
    fleet.table.rows.set('s0', row);
    void (async () => {
      for (let beats = 0; beats < 10; beats += 1) {
        await fleet.clock.sleep(3_000);
        const now = fleet.table.row('s0');
        if (now.owner === 'java') fleet.table.rows.set('s0', renewed(now, false));
      }
    })();
    return fleet;
  };

  it('is refused while its worker lives, with what to do, and nothing was written', async () => {
    const fleet = withLiveOwner();

    expect(await startOf(fleet)).toMatchObject({
      problem: 'kcl3-fleet-alive',
      message: expect.stringContaining('Stop the KCL 3 workers'),
    });
    expect(fleet.table.calls.every(({ operation }) => operation === 'list')).toBe(true);
  });

  it('is used when told so', async () => {
    expect(await startOf(withLiveOwner(), { isKcl3Allowed: true })).toBe('started');
  });

  it('is taken over from a fleet that was stopped', async () => {
    const fleet = new Fleet();
    fleet.table.rows.set('s0', row);
    expect(await startOf(fleet)).toBe('started');
    expect(fleet.table.calls.some(({ operation }) => operation === 'take')).toBe(true);
  });

  it('that a worker of ours renews is no fleet of KCL 3', async () => {
    const fleet = new Fleet();
    fleet.table.rows.set('s0', taken(row, 'ours', {}));
    const other = fleet.worker('ours');
    await other.coordinator.start();
    expect(await startOf(fleet)).toBe('started');
    await other.stop();
  });
});

describe('a stream made anew under its name', () => {
  it('is refused with what to do', async () => {
    const fleet = new Fleet();
    const before = fleet.worker('before');
    await before.start();
    await fleet.clock.advance(1_000);
    await before.stop();
    fleet.streamCreatedAtMs = 1_800_000_000_000;

    expect(await startOf(fleet)).toMatchObject({
      problem: 'stream-recreated',
      message: expect.stringContaining('another application name'),
    });
  });

  it('while a worker runs ends it, by the next shard sync', async () => {
    const fleet = new Fleet();
    const worker = fleet.worker('a');
    await worker.start();
    await fleet.clock.advance(1_000);
    fleet.streamCreatedAtMs = 1_800_000_000_000;

    await fleet.clock.advance(80_000);

    expect(await worker.coordinator.done).toMatchObject({
      kind: 'failed',
      error: { problem: 'stream-recreated' },
    });
  });

  it('is not suspected when a row does not say when its stream was made', async () => {
    const fleet = new Fleet();
    fleet.table.rows.set('s0', lease('s0', { counter: 3, checkpoint: at('5') }));
    expect(await startOf(fleet)).toBe('started');
    expect(fleet.table.row('s0').ours.streamCreatedAtMs).toBe(fleet.streamCreatedAtMs);
  });

  it('a table of several streams is refused by a worker of one, and the reverse', async () => {
    const fleet = new Fleet();
    fleet.table.rows.set('1:x:2:s0', lease('1:x:2:s0', { streamId: '1:x:2', shardId: 's0' }));
    expect(await startOf(fleet)).toMatchObject({ problem: 'lease-table-mode' });
  });
});

describe('the start position', () => {
  it.each(['LATEST', 'AT_TIMESTAMP'] as const)(
    'of %s is the same for who reads on after a crash before the first checkpoint',
    async (initialPosition) => {
      const fleet = new Fleet();
      const options = { initialPosition, initialTimestampMs: 1_234 };
      const one = fleet.worker('a', { ...options, run: readOn });
      await one.start();
      await fleet.clock.advance(1_000);
      one.kill();
      await fleet.clock.advance(3_600_000);
      const two = fleet.worker('b', { ...options, initialTimestampMs: 9_999 });
      await two.start();
      await fleet.clock.advance(3 * FAILOVER_MS);

      const [first, second] = [one.started[0], two.started[0]];
      expect(first?.startTimestampMs).toBeDefined();
      expect(second).toMatchObject({ startAt: initialPosition, startTimestampMs: first?.startTimestampMs });
      if (initialPosition === 'AT_TIMESTAMP') expect(first?.startTimestampMs).toBe(1_234);
      await two.stop();
    },
  );

  it('of a row that KCL made is stored by the first who takes it', async () => {
    const fleet = new Fleet();
    fleet.table.rows.set('s0', lease('s0', { checkpoint: 'LATEST' }));
    const wallMs = fleet.clock.wallMs();
    const worker = fleet.worker('a');
    await worker.start();
    await fleet.clock.advance(1_000);

    expect(fleet.table.row('s0').ours.startTimestampMs).toBe(wallMs - 5_000);
    await worker.stop();
  });
});

describe('several streams', () => {
  const IDS = ['1:one:17', '1:two:18'];

  it('have KCL’s keys, and each its own lineage', async () => {
    const fleet = new Fleet(['s0', 's1']);
    fleet.streamIds = IDS;
    const worker = fleet.worker('a', {
      run: async (held) => {
        if (held.streamId === IDS[0] && held.shardId === 's0') return held.finish(fleet.split('s0'));
        return readOn(held);
      },
    });
    await worker.start();
    await fleet.clock.advance(2_000);

    const keys = worker.coordinator.leases().map(({ leaseKey }) => leaseKey);
    expect(keys.sort()).toEqual(
      ['1:one:17:s0a', '1:one:17:s0b', '1:one:17:s1', '1:two:18:s0', '1:two:18:s1'].sort(),
    );
    // The children wait for their parent in the other stream too.
    expect(worker.started.map(({ streamId, shardId }) => `${streamId} ${shardId}`)).not.toContain(
      '1:two:18 s0a',
    );
    await worker.stop();
  });

  it('a lease of a stream that is not ours is left alone', async () => {
    const fleet = new Fleet(['s0']);
    fleet.streamIds = IDS.slice(0, 1);
    fleet.table.rows.set('1:other:9:s0', lease('1:other:9:s0', { streamId: '1:other:9', shardId: 's0' }));
    const worker = fleet.worker('a');
    await worker.start();
    await fleet.clock.advance(60_000);

    expect(worker.started.map(({ leaseKey }) => leaseKey)).toEqual(['1:one:17:s0']);
    await worker.stop();
  });
});

describe('a shard that stalls', () => {
  it('is given back, and tried again here only after others had their chance', async () => {
    const fleet = new Fleet();
    let stalls = true;
    const worker = fleet.worker('a', {
      run: async (held) => (stalls ? { kind: 'stalled' } : readOn(held)),
    });
    await worker.start();
    await fleet.clock.advance(1_000);
    expect(worker.named('shard.stalled')).toHaveLength(1);
    expect(fleet.table.row('s0').owner).toBeUndefined();

    stalls = false;
    const other = fleet.worker('b');
    await other.start();
    await fleet.clock.advance(1_000);
    expect(other.held()).toEqual(['s0']);
    await other.stop();

    await fleet.clock.advance(2 * FAILOVER_MS);
    expect(worker.held()).toEqual(['s0']);
    await worker.stop();
  });

  it('and could not be given back is free as soon as the table answers again', async () => {
    const fleet = new Fleet(['s0']);
    const worker = fleet.worker('a', { run: async () => ({ kind: 'stalled' }) });
    worker.link.errorOf.set('release', new TableDown());
    await worker.start();
    await fleet.clock.advance(FAILOVER_MS / 2);
    expect(worker.named('shard.stalled')).toHaveLength(1);
    expect(fleet.table.row('s0').owner).toBe('a');

    worker.link.errorOf.delete('release');
    await fleet.clock.advance(FAILOVER_MS / 2);

    expect(fleet.table.row('s0').owner).toBeUndefined();
    await worker.stop();
  });
});
