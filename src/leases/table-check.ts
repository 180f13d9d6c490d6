/** What a lease table must not be: another stream's, or one that a live KCL 3 fleet is balancing. */
import type { Clock } from './dependencies.ts';
import { isFinished, isOwnerOfOurs, type Lease, type StreamIdentity } from './lease.ts';
import type { LeaseStore } from './lease-store.ts';

export type LeaseTableProblem = 'stream-recreated' | 'lease-table-mode' | 'kcl3-fleet-alive';

/** The table cannot be worked on; a person must decide. */
export class LeaseTableError extends Error {
  override readonly name = 'LeaseTableError';
  readonly problem: LeaseTableProblem;

  constructor(problem: LeaseTableProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

/** Account and name without the creation time. */
const nameOf = (streamId: string): string => streamId.slice(0, streamId.lastIndexOf(':'));

/**
 * Sequence numbers of a deleted stream mean nothing in the one made anew under its name: to read it from the start
 * or from now would both be guesses.
 * @throws LeaseTableError `stream-recreated` or `lease-table-mode`.
 */
export function refuseForeignTable(streams: readonly StreamIdentity[], leases: readonly Lease[]): void {
  const isMulti = streams.some(({ streamId }) => streamId !== undefined);
  const other = leases.find(({ streamId }) => (streamId !== undefined) !== isMulti);
  if (other !== undefined) {
    const [has, wanted] = isMulti ? ['one stream', 'several streams'] : ['several streams', 'one stream'];
    throw new LeaseTableError(
      'lease-table-mode',
      `The lease table holds leases of ${has} (such as "${other.leaseKey}"), but this worker reads ${wanted}. ` +
        'Use another application name, which is another lease table, or read the same streams as before.',
    );
  }
  for (const { streamId, createdAtMs } of streams) {
    const old = leases.find((lease) =>
      lease.streamId === streamId
        ? lease.ours.streamCreatedAtMs !== undefined &&
          createdAtMs !== undefined &&
          lease.ours.streamCreatedAtMs !== createdAtMs
        : lease.streamId !== undefined &&
          streamId !== undefined &&
          nameOf(lease.streamId) === nameOf(streamId),
    );
    if (old === undefined) continue;
    throw new LeaseTableError(
      'stream-recreated',
      `The stream was deleted and made anew under the same name since lease "${old.leaseKey}" was written: ` +
        'its checkpoints mean nothing in the new stream. Use another application name to read the new stream ' +
        'from its beginning; totals in the session table are kept, and events counted before are recognised.',
    );
  }
}

/** Rows that a KCL 3 worker may be renewing: with its marks, and owned by somebody who is not of this library. */
const kcl3Suspects = (leases: readonly Lease[]): readonly Lease[] =>
  leases.filter(
    (lease) => lease.hasKcl3Marks && lease.owner !== undefined && !isFinished(lease) && !isOwnerOfOurs(lease),
  );

/** Between two looks for a counter that moves. Unit: ms. */
const LOOK_EVERY_MS = 500;

/** How long a live KCL 3 worker may leave a counter alone, in failover times. */
const KCL3_SILENCE_FAILOVERS = 2;

interface Kcl3Check {
  readonly store: Pick<LeaseStore, 'list'>;
  readonly clock: Clock;
}

/**
 * Waits for two failover times at most, and only if rows carry the marks of KCL 3: a counter that moves meanwhile is
 * a live worker of it (one of them may pass before a worker discovers what its leader gave it). Its leader would move leases behind our back, by rules that a worker without its metrics
 * rows and its index cannot take part in. A fleet that was stopped leaves the same marks, and counters that stand.
 * @throws LeaseTableError `kcl3-fleet-alive`; what the store throws.
 */
export async function refuseLiveKcl3(
  { store, clock }: Kcl3Check,
  { failoverTimeMs }: { readonly failoverTimeMs: number },
): Promise<void> {
  const first = kcl3Suspects((await store.list()).leases);
  if (first.length === 0) return;
  const counters = new Map(first.map((lease) => [lease.leaseKey, lease.counter]));
  const untilMs = clock.monotonicMs() + KCL3_SILENCE_FAILOVERS * failoverTimeMs;
  while (clock.monotonicMs() < untilMs) {
    await clock.sleep(LOOK_EVERY_MS);
    const suspects = kcl3Suspects((await store.list()).leases);
    const live = suspects.find(({ leaseKey, counter }) => counters.get(leaseKey) !== counter);
    if (live === undefined) continue;
    throw new LeaseTableError(
      'kcl3-fleet-alive',
      `A worker of Java KCL 3 ("${live.owner}") is renewing "${live.leaseKey}" in this lease table. Its fleet ` +
        'balances leases by rules that other workers cannot share. Stop the KCL 3 workers, then start this one: ' +
        'it goes on from their checkpoints.',
    );
  }
}
