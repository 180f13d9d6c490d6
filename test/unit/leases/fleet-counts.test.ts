import { describe, expect, it } from '@jest/globals';
import { countFleet } from '../../../src/leases/fleet-counts.ts';
import { HoleAudit } from '../../../src/leases/hash-coverage.ts';
import type { Lease } from '../../../src/leases/lease.ts';
import { NOTHING_OBSERVED, observe } from '../../../src/leases/observed-leases.ts';
import { lease } from './fixtures.ts';
import { FAILOVER_MS, Fleet } from './fleet.ts';

const NO_KEYS: ReadonlySet<string> = new Set();
const options = { failoverTimeMs: FAILOVER_MS, holes: 0 };

/** Seen at 0 and again, where it moved, at 6 s and 12 s. */
function givenSeen(rows: (atMs: number) => readonly Lease[]) {
  let seen = NOTHING_OBSERVED;
  for (const atMs of [0, 6_000, 12_000]) seen = observe(seen, rows(atMs), atMs, 60_000);
  return seen;
}

describe('the fleet in numbers', () => {
  it('tells held from expired, free, waiting and finished leases, and who lives', () => {
    const seen = givenSeen((counter) => [
      lease('held-1', { owner: 'a', counter }),
      lease('held-2', { owner: 'b', counter }),
      lease('expired', { owner: 'dead', counter: 1 }),
      lease('free'),
      lease('waiting', { parentShardIds: ['held-1'] }),
      lease('done', { owner: undefined, checkpoint: 'SHARD_END' }),
    ]);

    expect(countFleet(seen, NO_KEYS, options)).toEqual({
      leases: { held: 2, expired: 1, free: 1, waiting: 1, finished: 1 },
      workers: 2,
      holes: 0,
    });
  });

  it('is unknown before the first look', () => {
    expect(countFleet(NOTHING_OBSERVED, NO_KEYS, options)).toBeUndefined();
  });

  it('calls nothing expired because the table is away: only what a look saw counts', () => {
    const seen = observe(NOTHING_OBSERVED, [lease('s', { owner: 'a' })], 0, 60_000);

    expect(countFleet(seen, NO_KEYS, options)?.leases).toMatchObject({ held: 1, expired: 0 });
  });

  it('counts a hole once it was seen three times, until it is gone', () => {
    const audit = new HoleAudit();
    const hole = { startingHashKey: '0', endingHashKey: '9' };
    const counts = [[hole], [hole], [hole], [hole], []].map((holes) => {
      audit.look(holes);
      return audit.believedCount;
    });

    expect(counts).toEqual([0, 0, 1, 1, 0]);
  });
});

describe('a coordinator', () => {
  it('shows the fleet as of its last look, a dead worker’s lease as expired', async () => {
    const fleet = new Fleet(['s0', 's1']);
    const one = fleet.worker('one');
    const two = fleet.worker('two');
    expect(one.coordinator.fleet()).toBeUndefined();
    await Promise.all([one.start(), two.start()]);
    await fleet.clock.advance(30_000);
    expect(one.coordinator.fleet()).toMatchObject({ leases: { held: 2 }, workers: 2 });

    two.kill();
    const seen = new Set<number>();
    for (let s = 0; s < 20; s += 1) {
      await fleet.clock.advance(1_000);
      seen.add(one.coordinator.fleet()?.leases.expired ?? -1);
    }

    expect(seen).toEqual(new Set([0, 1]));
    expect(one.coordinator.fleet()).toMatchObject({ leases: { held: 2 }, workers: 1 });
    await one.stop();
  });

  it('tells of each pass of its loops', async () => {
    const passes: string[] = [];
    const fleet = new Fleet();
    const worker = fleet.worker('one', { onPass: (loop) => passes.push(loop) });
    await worker.start();
    await fleet.clock.advance(70_000);
    await worker.stop();

    const count = (name: string) => passes.filter((loop) => loop === name).length;
    expect(count('take')).toBeGreaterThan(10);
    expect(count('renew')).toBeGreaterThan(15);
    expect(count('shard-sync')).toBe(1);
  });
});
