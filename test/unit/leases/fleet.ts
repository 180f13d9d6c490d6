/** Workers over one table in memory and one virtual clock. Each has its own link to the table and a handler that
 *  does what the test says. */
import type { ErrorKind, LeaseLog } from '../../../src/leases/dependencies.ts';
import {
  type CoordinatorOptions,
  type HeldLease,
  LeaseCoordinator,
  type LeaseEvent,
  type ShardDescription,
  type ShardRunOutcome,
} from '../../../src/leases/index.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { seededRandom, shard } from './fixtures.ts';
import { FaultyLink, MemoryLeaseStore, TableDown } from './memory-lease-store.ts';

export const FAILOVER_MS = 10_000;
export const SCAN_MS = 5_000;

const QUIET: LeaseLog = { debug() {}, info() {}, warn() {}, error() {} };
const classify = (error: unknown): ErrorKind => {
  if (error instanceof TableDown) return 'retryable';
  return error instanceof DOMException && error.name === 'AbortError' ? 'aborted' : 'fatal';
};

type Run = (lease: HeldLease) => Promise<ShardRunOutcome>;

/** Reads until told to stop. */
export const readOn: Run = async (lease) => {
  await new Promise((resolve) => lease.stopping.addEventListener('abort', resolve, { once: true }));
  return lease.lost.aborted ? { kind: 'lost' } : { kind: 'stopped' };
};

export interface WorkerSetup extends Partial<CoordinatorOptions> {
  readonly run?: Run;
  readonly onPass?: (loop: string) => void;
}

export class Fleet {
  readonly clock = new VirtualClock();
  readonly table = new MemoryLeaseStore();
  shards: ShardDescription[];
  /** One without an id, or several with one each; all have the same shards. */
  streamIds: readonly (string | undefined)[] = [undefined];
  streamCreatedAtMs: number | undefined = 1_700_000_000_000;
  /** Thrown by the next listings of shards, if set. */
  listShardsError: unknown;
  #seed = 1;

  constructor(shardIds: readonly string[] = ['s0']) {
    this.shards = shardIds.map((id) => shard(id));
  }

  worker(workerId: string, { run = readOn, onPass, ...options }: WorkerSetup = {}) {
    const link = new FaultyLink(this.table);
    const events: LeaseEvent[] = [];
    const started: HeldLease[] = [];
    const coordinator = new LeaseCoordinator(
      {
        store: link,
        listStreams: async () => {
          if (this.listShardsError !== undefined) throw this.listShardsError;
          const createdAtMs = this.streamCreatedAtMs;
          return this.streamIds.map((streamId) => ({ streamId, createdAtMs, shards: this.shards }));
        },
        handler: {
          run: (lease) => {
            started.push(lease);
            return run(lease);
          },
        },
        clock: this.clock,
        random: seededRandom(this.#seed++),
        log: QUIET,
        classify,
        onEvent: (event) => events.push(event),
        onPass,
      },
      {
        workerId,
        failoverTimeMs: FAILOVER_MS,
        scanEveryMs: SCAN_MS,
        initialPosition: 'TRIM_HORIZON',
        ...options,
      },
    );
    return {
      coordinator,
      link,
      events,
      /** Every lease its handler was started with, in order. */
      started,
      named: (name: LeaseEvent['name']) => events.filter((event) => event.name === name),
      held: () =>
        coordinator
          .leases()
          .map((lease) => lease.shardId)
          .sort(),
      start: () => coordinator.start(),
      stop: async (graceMs = 1_000) => {
        const stopped = coordinator.stop({ graceMs });
        await this.clock.advance(graceMs);
        await stopped;
      },
      /** The process is gone: it says nothing more to the table. */
      kill: () => {
        link.gate = new Promise(() => undefined);
      },
    };
  }

  /** Splits a shard in the stream: closed, with two children. */
  split(shardId: string): ShardDescription[] {
    const children = ['a', 'b'].map((suffix) =>
      shard(`${shardId}${suffix}`, { parentShardIds: [shardId], startingSequenceNumber: '100' }),
    );
    this.close(shardId);
    this.shards.push(...children);
    return children;
  }

  merge(one: string, other: string, childId: string): ShardDescription {
    const child = shard(childId, { parentShardIds: [one, other], startingSequenceNumber: '100' });
    this.close(one);
    this.close(other);
    this.shards.push(child);
    return child;
  }

  close(shardId: string): void {
    this.shards = this.shards.map((each) =>
      each.shardId === shardId ? { ...each, endingSequenceNumber: '99' } : each,
    );
  }

  owners(): Record<string, string | undefined> {
    return Object.fromEntries([...this.table.rows.values()].map((row) => [row.leaseKey, row.owner]));
  }
}

export type Worker = ReturnType<Fleet['worker']>;
