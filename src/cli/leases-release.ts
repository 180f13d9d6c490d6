/** `leases release`: makes leases nobody's. */
import { MeterError } from '../errors.ts';
import { toJson } from '../json.ts';
import { isFinished, type Lease, leaseIn, type TableRow } from '../leases/index.ts';
import { type ExecuteFlag, sayPreview } from './execute-flag.ts';
import { EXIT } from './exit-codes.ts';
import { findLease, type LeaseTable, leaseChanged, openLeases } from './open-leases.ts';
import type { SettingFlags } from './setting-flags.ts';

export interface ReleaseOptions extends ExecuteFlag {
  readonly owner?: string;
  readonly json?: boolean;
}

/** A renewal or a checkpoint may come between our read and our write; not so often. */
const ATTEMPTS_MAX = 5;

type Outcome = 'would release' | 'released' | 'free already' | 'finished already' | 'taken by another';

function chosen(
  rows: readonly TableRow[],
  shards: readonly string[],
  owner: string | undefined,
  tableName: string,
) {
  if (owner === undefined) return [...new Set(shards.map((shard) => findLease(rows, shard, tableName)))];
  const leases = rows.flatMap((row) => leaseIn(row) ?? []);
  const owned = leases.filter((lease) => lease.owner === owner && !isFinished(lease));
  if (owned.length > 0) return owned;
  throw new MeterError('not-found', `No unfinished lease in table ${tableName} is owned by "${owner}".`);
}

const outcomeBefore = (lease: Lease): Outcome => {
  if (isFinished(lease)) return 'finished already';
  return lease.owner === undefined ? 'free already' : 'would release';
};

async function release({ admin }: LeaseTable, lease: Lease): Promise<Outcome> {
  let now: Lease | undefined = lease;
  for (let attempt = 0; now !== undefined && attempt < ATTEMPTS_MAX; attempt += 1) {
    if (now.owner === undefined) return attempt === 0 ? 'free already' : 'released';
    if (now.owner !== lease.owner) return 'taken by another';
    if (isFinished(now)) return 'finished already';
    if ((await admin.release(now)) === 'written') return 'released';
    now = await admin.lease(lease.leaseKey);
  }
  throw leaseChanged(lease);
}

function print(results: readonly { lease: Lease; outcome: Outcome }[], isJson: boolean): void {
  for (const { lease, outcome } of results)
    process.stdout.write(
      isJson
        ? `${toJson({ leaseKey: lease.leaseKey, owner: lease.owner ?? null, outcome })}\n`
        : `${lease.leaseKey}  ${outcome}${lease.owner === undefined ? '' : `  (of ${lease.owner})`}\n`,
    );
}

/** Releases the leases of `shards`, or all of one owner. */
export async function releaseLeases(
  shards: readonly string[],
  options: ReleaseOptions & SettingFlags,
): Promise<void> {
  if (shards.length > 0 === (options.owner !== undefined))
    throw new MeterError('usage', 'Give shards or --owner WORKER, one of them.');
  const table = openLeases(options);
  const leases = chosen(await table.admin.rows(), shards, options.owner, table.tableName);
  const planned = leases.map((lease) => ({ lease, outcome: outcomeBefore(lease) }));
  const due = planned.filter(({ outcome }) => outcome === 'would release');
  const isJson = options.json ?? false;
  if (due.length === 0) return print(planned, isJson);
  if (!options.execute) {
    print(planned, isJson);
    return sayPreview();
  }
  const done: { lease: Lease; outcome: Outcome }[] = [];
  for (const { lease, outcome } of planned)
    done.push({ lease, outcome: outcome === 'would release' ? await release(table, lease) : outcome });
  print(done, isJson);
  if (done.some(({ outcome }) => outcome === 'taken by another')) process.exitCode = EXIT.failed;
  process.stderr.write(
    'workers take what is free with their next look; a live owner may be among them: stop it first to keep it away\n',
  );
}
