/** Deleting finished leases, and finding hash keys that nobody covers, over random trees of splits and merges. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { leasesToDelete } from '../../../src/leases/cleanup.ts';
import { coveredRanges, findHoles, HoleAudit } from '../../../src/leases/hash-coverage.ts';
import type { Lease, ShardDescription } from '../../../src/leases/lease.ts';
import { blockedLeaseKeys, leasesToCreate } from '../../../src/leases/lineage.ts';
import { at, lease, shard } from './fixtures.ts';
import { Fleet, readOn } from './fleet.ts';

const RUNS = 1_000;
const MAX = 2n ** 128n - 1n;
const stream = { streamId: undefined, createdAtMs: undefined };
const keysOf = (leases: readonly { leaseKey: string }[]): string[] => leases.map(({ leaseKey }) => leaseKey);

describe('a finished lease', () => {
  const shards = [
    shard('p', { endingSequenceNumber: '9' }),
    shard('a', { parentShardIds: ['p'] }),
    shard('b', { parentShardIds: ['p'] }),
  ];
  const p = lease('p', { checkpoint: 'SHARD_END', childShardIds: ['a', 'b'] });
  const begun = (key: string, changes: Partial<Lease> = {}) =>
    lease(key, { checkpoint: at('5'), parentShardIds: ['p'], ...changes });

  it.each([
    ['goes when all children have begun', [p, begun('a'), begun('b')], ['p']],
    ['stays while a child has not begun', [p, begun('a'), begun('b', { checkpoint: 'TRIM_HORIZON' })], []],
    ['stays while a child has no lease', [p, begun('a')], []],
    ['stays while it is not finished', [{ ...p, checkpoint: at('3') }, begun('a'), begun('b')], []],
    [
      'stays while a parent’s lease is there',
      [{ ...p, parentShardIds: ['o'] }, lease('o', { checkpoint: at('1') }), begun('a'), begun('b')],
      [],
    ],
  ])('%s', (_what, leases, deleted) => {
    expect(keysOf(leasesToDelete({ shards, leases }))).toEqual(deleted);
  });

  it('whose shard is past the retention goes as soon as every listed child has a lease', () => {
    const later = shards.slice(1);
    const waiting = begun('b', { checkpoint: 'TRIM_HORIZON' });
    expect(keysOf(leasesToDelete({ shards: later, leases: [p, begun('a'), waiting] }))).toEqual(['p']);
    expect(leasesToDelete({ shards: later, leases: [p, begun('a')] })).toEqual([]);
  });

  it('is not touched when the listing is empty', () => {
    expect(leasesToDelete({ shards: [], leases: [p, begun('a'), begun('b')] })).toEqual([]);
  });
});

/** A stream that is split and merged at random, read, tidied and forgotten, with the table in step. */
class World {
  shards: ShardDescription[] = [];
  leases = new Map<string, Lease>();
  readonly createdEver = new Set<string>();
  #next = 0;

  constructor() {
    this.#add([], 0n, MAX);
    this.sync();
  }

  #add(parents: readonly string[], from: bigint, to: bigint): void {
    const number = this.#next++;
    this.shards.push(
      shard(`s${String(number).padStart(4, '0')}`, {
        parentShardIds: parents,
        startingSequenceNumber: String(100 + number),
        startingHashKey: String(from),
        endingHashKey: String(to),
      }),
    );
  }

  #close({ shardId }: ShardDescription): void {
    this.shards = this.shards.map((each) =>
      each.shardId === shardId ? { ...each, endingSequenceNumber: '999' } : each,
    );
  }

  get open(): ShardDescription[] {
    return this.shards
      .filter((each) => each.endingSequenceNumber === undefined)
      .sort((a, b) => (BigInt(a.startingHashKey) < BigInt(b.startingHashKey) ? -1 : 1));
  }

  split(pick: number): void {
    const parent = this.open[pick % this.open.length] as ShardDescription;
    const [from, to] = [BigInt(parent.startingHashKey), BigInt(parent.endingHashKey)];
    if (from === to) return;
    this.#close(parent);
    const middle = from + (to - from) / 2n;
    this.#add([parent.shardId], from, middle);
    this.#add([parent.shardId], middle + 1n, to);
  }

  merge(pick: number): void {
    const { open } = this;
    if (open.length < 2) return;
    const [left, right] = open.slice(pick % (open.length - 1)) as [ShardDescription, ShardDescription];
    this.#close(left);
    this.#close(right);
    this.#add([left.shardId, right.shardId], BigInt(left.startingHashKey), BigInt(right.endingHashKey));
  }

  sync(): void {
    const leases = [...this.leases.values()];
    const input = { stream, shards: this.shards, leases, unreadableKeys: new Set<string>() };
    for (const made of leasesToCreate({ ...input, initialPosition: 'TRIM_HORIZON' })) this.#put(made);
  }

  #put({ leaseKey, ...rest }: ReturnType<typeof leasesToCreate>[number]): void {
    if (this.leases.has(leaseKey)) return;
    if (this.createdEver.has(leaseKey)) throw new Error(`${leaseKey} is made again`);
    this.createdEver.add(leaseKey);
    this.leases.set(leaseKey, lease(leaseKey, rest));
  }

  /** Reads a readable shard on, to its end if it is closed: children first, as the worker does it. */
  read(pick: number, isToTheEnd: boolean): void {
    const all = [...this.leases.values()];
    const blocked = blockedLeaseKeys(all, new Set());
    const readable = all.filter((each) => each.checkpoint !== 'SHARD_END' && !blocked.has(each.leaseKey));
    const target = readable[pick % readable.length];
    if (target === undefined) return;
    const isClosed = this.shards.find((each) => each.shardId === target.shardId)?.endingSequenceNumber;
    if (!(isToTheEnd && isClosed)) {
      this.leases.set(target.leaseKey, { ...target, checkpoint: at('500') });
      return;
    }
    const children = this.shards.filter((each) => each.parentShardIds.includes(target.shardId));
    const isTooEarly = (child: ShardDescription): boolean =>
      child.parentShardIds.some(
        (id) => !this.leases.has(id) && this.shards.some(({ shardId }) => shardId === id),
      );
    for (const child of children.filter((each) => !isTooEarly(each)))
      this.#put({
        leaseKey: child.shardId,
        shardId: child.shardId,
        streamId: undefined,
        checkpoint: 'TRIM_HORIZON',
        parentShardIds: child.parentShardIds,
        hashRange: { startingHashKey: child.startingHashKey, endingHashKey: child.endingHashKey },
      });
    const childShardIds = children.map((child) => child.shardId);
    this.leases.set(target.leaseKey, { ...target, checkpoint: 'SHARD_END', childShardIds });
  }

  tidy(): void {
    const leases = [...this.leases.values()];
    for (const { leaseKey } of leasesToDelete({ shards: this.shards, leases })) this.leases.delete(leaseKey);
  }

  /** Retention takes the oldest closed shard, if it has been read. */
  forget(): void {
    const oldest = this.shards[0];
    if (oldest?.endingSequenceNumber === undefined) return;
    const left = this.leases.get(oldest.shardId);
    if (left === undefined || left.checkpoint === 'SHARD_END') this.shards = this.shards.slice(1);
  }

  holes() {
    return findHoles(coveredRanges([...this.leases.values()], this.shards));
  }
}

const step = fc.record({
  what: fc.constantFrom('split', 'merge', 'sync', 'read', 'finish', 'finish', 'tidy', 'forget'),
  pick: fc.nat({ max: 63 }),
});

describe('over random splits, merges, reads and clean-ups', () => {
  const run = (world: World, { what, pick }: { what: string; pick: number }): void => {
    if (what === 'split') world.split(pick);
    else if (what === 'merge') world.merge(pick);
    else if (what === 'sync') world.sync();
    else if (what === 'read') world.read(pick, false);
    else if (what === 'finish') world.read(pick, true);
    else if (what === 'tidy') world.tidy();
    else world.forget();
  };

  it('no lease is made twice, every hash key is covered at every step, and in the end only open shards are left', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world = new World();
        for (const each of steps) {
          run(world, each);
          expect(world.holes()).toEqual([]);
        }
        for (let round = 0; round < 200; round += 1) {
          world.sync();
          world.read(round, true);
          world.read(round, false);
          world.tidy();
        }
        expect([...world.leases.keys()].sort()).toEqual(world.open.map(({ shardId }) => shardId).sort());
      }),
      { numRuns: RUNS },
    );
  }, 60_000);

  it('taking an unfinished lease away leaves a hole in its range, the whole of it where nothing else covers', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(), (steps, pick) => {
        const world = new World();
        for (const each of steps) run(world, each);
        const leases = [...world.leases.values()];
        const unfinished = leases.filter(({ checkpoint }) => checkpoint !== 'SHARD_END');
        const victim = unfinished[pick % unfinished.length] as Lease;
        const others = coveredRanges(
          leases.filter((each) => each !== victim),
          world.shards,
        );
        const range = victim.hashRange as { startingHashKey: string; endingHashKey: string };
        const [from, to] = [BigInt(range.startingHashKey), BigInt(range.endingHashKey)];
        const holes = findHoles(others);
        for (const hole of holes) {
          expect(BigInt(hole.startingHashKey)).toBeGreaterThanOrEqual(from);
          expect(BigInt(hole.endingHashKey)).toBeLessThanOrEqual(to);
        }
        const overlaps = others.some(
          (each) => BigInt(each.startingHashKey) <= to && BigInt(each.endingHashKey) >= from,
        );
        if (!overlaps) expect(holes).toEqual([range]);
        expect(findHoles([...others, ...holes])).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  }, 60_000);
});

describe('a hole', () => {
  const hole = { startingHashKey: '5', endingHashKey: '7' };

  it('is what no range covers, to the last key', () => {
    const range = (startingHashKey: string, endingHashKey: string) => ({ startingHashKey, endingHashKey });
    expect(findHoles([range('0', '4'), range('8', '8'), range('2', '3')])).toEqual([
      range('5', '7'),
      range('9', String(MAX)),
    ]);
    expect(findHoles([range('0', String(MAX))])).toEqual([]);
    expect(findHoles([])).toEqual([range('0', String(MAX))]);
  });

  it('is told once, when it is seen for the third time in a row', () => {
    const audit = new HoleAudit();
    expect(
      [[hole], [hole], [], [hole], [hole], [hole], [hole]].map((holes) => audit.look(holes).length),
    ).toEqual([0, 0, 0, 0, 0, 1, 0]);
  });

  it('in a running fleet is an alarm', async () => {
    const fleet = new Fleet(['s0']); // its range is 0 to 1, and nobody has the rest
    const worker = fleet.worker('a');
    await worker.start();
    await fleet.clock.advance(400_000);

    expect(worker.named('lease.hole')).toMatchObject([{ fields: { reason: `2-${MAX}` } }]);
    await worker.stop();
  });
});

describe('in a running fleet', () => {
  it('the lease of a split shard is deleted once its children have begun', async () => {
    const fleet = new Fleet(['s0']);
    const worker = fleet.worker('a', {
      run: async (held) => {
        if (held.shardId === 's0') return held.finish(fleet.split('s0'));
        await held.checkpoint(at('101'));
        return readOn(held);
      },
    });
    await worker.start();
    await fleet.clock.advance(150_000);

    expect([...fleet.table.rows.keys()].sort()).toEqual(['s0a', 's0b']);
    expect(worker.named('lease.removed')).toHaveLength(1);
    await worker.stop();
  });
});
