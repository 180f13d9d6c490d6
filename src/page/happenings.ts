/** What happened to leases, in words: as the workers behind this address say it, and as the lease table shows it of
 *  the others. Pure but for the list it keeps. */
import { changesBetween, type Fleet, type FleetChange } from '../fleet/fleet.ts';
import { shortShardId } from '../fleet/lease-place.ts';
import type { ShapedHappening } from './shapes.ts';
import type { LeaseHappening, WorkerReport } from './worker-report.ts';

const SHOWN_MAX = 60;
/** A worker's own word and the table's trace of it may lie so far apart. Unit: ms. */
const SAME_WITHIN_MS = 15_000;

type Words = (shard: string, worker: string, happening: LeaseHappening) => string;

const WORDS: Readonly<Record<string, readonly [ShapedHappening['kind'], Words]>> = {
  'lease.created': ['info', (shard) => `shard ${shard} got its lease`],
  'lease.taken': ['good', (shard, worker) => `${worker} took shard ${shard}`],
  'lease.lost': [
    'warn',
    (shard, worker, { leaseOwner }) =>
      `${worker} lost shard ${shard}${leaseOwner ? ` to ${leaseOwner}` : ''}`,
  ],
  'lease.released': ['info', (shard, worker) => `${worker} gave shard ${shard} back`],
  'lease.handed-over': [
    'info',
    (shard, worker, { leaseOwner = 'another worker' }) => `${worker} handed shard ${shard} to ${leaseOwner}`,
  ],
  'lease.removed': ['info', (shard) => `the lease of shard ${shard}, read long ago, was deleted`],
  'lease.hole': ['bad', () => 'a part of the hash range has no lease: nobody reads it'],
  'lease.release-failed': ['warn', (shard, worker) => `${worker} could not give shard ${shard} back`],
  'shard.finished': ['good', (shard, worker) => `${worker} read shard ${shard} to its end`],
  'shard.stalled': ['warn', (shard, worker) => `${worker} got no answer for shard ${shard} and gave it back`],
  'shard.parked': [
    'bad',
    (shard, worker, { reason = '' }) => `shard ${shard} of ${worker} waits for a person (${reason})`,
  ],
};

/** The shard of a lease key, as people call it. */
export const shardName = (leaseKey: string): string => shortShardId(leaseKey.split(':').at(-1) ?? leaseKey);

function told(workerId: string, happening: LeaseHappening): ShapedHappening[] {
  const words = WORDS[happening.name];
  if (!words) return [];
  const [kind, text] = words;
  const shard = happening.leaseKey === undefined ? '' : shardName(happening.leaseKey);
  return [{ atMs: happening.atMs, kind, text: text(shard, workerId, happening) }];
}

interface SeenChange {
  readonly atMs: number;
  readonly change: FleetChange;
}

function shown({ atMs, change }: SeenChange): ShapedHappening {
  const shard = shardName(change.shard.leaseKey);
  const owner = change.shard.owner ?? 'its owner';
  switch (change.kind) {
    case 'moved':
      return change.to === undefined
        ? { atMs, kind: 'info', text: `${change.from} gave shard ${shard} back` }
        : {
            atMs,
            kind: 'good',
            text: `${change.to} took shard ${shard}${change.from ? ` from ${change.from}` : ''}`,
          };
    case 'expired':
      return { atMs, kind: 'warn', text: `shard ${shard}: ${owner} shows no sign of life` };
    case 'finished':
      return { atMs, kind: 'good', text: `shard ${shard} was read to its end` };
    case 'created':
      return { atMs, kind: 'info', text: `shard ${shard} got its lease` };
    case 'removed':
      return { atMs, kind: 'info', text: `the lease of shard ${shard}, read long ago, was deleted` };
  }
}

export class Happenings {
  private readonly seen: SeenChange[] = [];
  private before: Fleet | undefined;

  /** Notes what changed since the fleet was seen last. */
  saw(fleet: Fleet): void {
    const changes = this.before ? changesBetween(this.before, fleet) : [];
    this.seen.push(...changes.map((change) => ({ atMs: fleet.lookedAtMs, change })));
    this.seen.splice(0, this.seen.length - SHOWN_MAX);
    this.before = fleet;
  }

  /** Latest first. `others`: said by whoever runs these workers. */
  latest(
    reports: readonly WorkerReport[],
    others: readonly ShapedHappening[] = [],
  ): readonly ShapedHappening[] {
    const own = reports.flatMap(({ workerId, happenings }) =>
      happenings.flatMap((one) => told(workerId, one)),
    );
    const unsaid = this.seen.filter((change) => !isTold(change, reports)).map(shown);
    return [...own, ...unsaid, ...others].sort((a, b) => b.atMs - a.atMs).slice(0, SHOWN_MAX);
  }
}

/** Whether one of our workers says it itself. */
function isTold({ atMs, change }: SeenChange, reports: readonly WorkerReport[]): boolean {
  if (change.kind === 'expired') return false;
  return reports.some(({ happenings }) =>
    happenings.some(
      ({ leaseKey, atMs: toldAtMs }) =>
        leaseKey === change.shard.leaseKey && Math.abs(toldAtMs - atMs) < SAME_WITHIN_MS,
    ),
  );
}
