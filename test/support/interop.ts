/** One stream and one lease table that Java's workers and ours share, with traffic that goes on meanwhile. */
import { ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { ListShardsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis';
import { systemClock } from '../../src/time.ts';
import type { Engines } from './engines.ts';
import { type JavaKcl, type KclVersion, startJavaKcl } from './java-kcl.ts';
import { MarkedTraffic } from './marked-traffic.ts';
import { type CliProcess, lastJson, startCli } from './worker-process.ts';

export const FAILOVER_TIME_MS = 5_000;
/** How long a killed or stopped Java worker's shards may go unread until the next worker has them, by design: the
 *  failover time, and KCL 2's taker, which looks every two failover times. Half as much again for a slow machine. */
export const OWNED_WITHIN_MS = 3 * FAILOVER_TIME_MS * 1.5;

export const RECORDS_PER_READ_MAX = 25;
/** A newcomer has something when it has stolen something. Java tries every two failover times, and fails when the
 *  owner has written since it looked; on a loaded machine that may happen several times. Nobody's shard is unread
 *  meanwhile. */
export const JOINED_WITHIN_MS = 12 * FAILOVER_TIME_MS;
/** An empty table makes Java wait for up to 30 s, by chance, before it lists the shards. Unit: ms. */
export const FIRST_START_MS = 120_000;

/** A lease row as both see it. */
export interface LeaseRow {
  readonly shardId: string;
  readonly owner: string | undefined;
  readonly counter: number;
  readonly checkpoint: string;
  readonly subSequenceNumber: number;
  readonly parents: readonly string[];
}

export interface OurWorker extends CliProcess {
  /** Asks it to end, waits, and answers its totals. @throws when it fails. */
  stop(): Promise<{ readonly read: number; readonly applied: number; readonly duplicate: number }>;
}

export type Interop = Awaited<ReturnType<typeof givenInterop>>;

/** Asks every 200 ms. @throws when it takes too long, with `what` and what there is instead. */
export async function until(
  what: string,
  check: () => boolean | Promise<boolean>,
  withinMs: number,
  instead: () => Promise<string> = async () => '',
): Promise<number> {
  const startedAtMs = systemClock.monotonicMs();
  while (!(await check())) {
    if (systemClock.monotonicMs() - startedAtMs > withinMs)
      throw new Error(`not within ${withinMs} ms: ${what}\n${await instead()}`);
    await systemClock.sleep(200);
  }
  return systemClock.monotonicMs() - startedAtMs;
}

export async function givenInterop(engines: Engines, version: KclVersion, shards: number) {
  const world = await engines.worldOfJava(shards);
  const { kinesis } = engines.clients;
  const traffic = new MarkedTraffic(kinesis, world.stream);
  const processes: CliProcess[] = [];
  const envOf = (workerId: string): Record<string, string> => ({
    ...world.env,
    SUPERSIM_WORKER_ID: workerId,
    SUPERSIM_FAILOVER_TIME_MS: String(FAILOVER_TIME_MS),
    SUPERSIM_SHARD_SYNC_EVERY_MS: '5000',
    SUPERSIM_RECORDS_PER_READ_MAX: String(RECORDS_PER_READ_MAX),
    SUPERSIM_IDLE_BETWEEN_READS_MS: '300',
  });
  const started = <P extends CliProcess>(process: P): P => {
    processes.push(process);
    return process;
  };
  const java = (workerId: string): JavaKcl => started(startJavaKcl(version, envOf(workerId)));
  const ours = (workerId: string, changes: Readonly<Record<string, string>> = {}): OurWorker => {
    const worker = started(startCli(['run', '--json'], { ...envOf(workerId), ...changes }));
    return { ...worker, stop: () => stopOurs(worker) };
  };
  /** None before Java has made the table. */
  const rows = async (): Promise<LeaseRow[]> =>
    (await world.items('leases').catch(unlessMissing)).flatMap(rowOf);
  /** For a failure's message: the rows, and what Java's takers last thought. */
  const picture = async (): Promise<string> =>
    [
      ...(await rows()).map((row) => `${row.shardId} ${row.owner} ${row.counter} ${row.checkpoint}`),
      ...processes.flatMap(({ output }) =>
        output()
          .split('\n')
          .filter((line) => /DynamoDBLeaseTaker/.test(line))
          .slice(-6)
          .map((line) => line.slice(0, 300)),
      ),
    ].join('\n');
  const untilOwnedBy = (workers: readonly string[], withinMs: number): Promise<number> =>
    until(
      `every readable shard owned by ${workers.join(' or ')}`,
      async () => {
        const readable = readableOf(await rows());
        return readable.length >= shards && readable.every(({ owner }) => workers.includes(owner ?? ''));
      },
      withinMs,
      picture,
    );
  const untilOneOf = (worker: string, withinMs: number): Promise<number> =>
    until(
      `a shard owned by ${worker}`,
      async () => (await rows()).some(({ owner }) => owner === worker),
      withinMs,
      picture,
    );
  /** Closes a shard by a split in its middle. */
  const split = async (shardId: string): Promise<void> => {
    const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName: world.stream }));
    const range = Shards.find((shard) => shard.ShardId === shardId)?.HashKeyRange;
    const middle = (BigInt(range?.StartingHashKey ?? 0) + BigInt(range?.EndingHashKey ?? 0)) / 2n;
    await kinesis.send(
      new SplitShardCommand({
        StreamName: world.stream,
        ShardToSplit: shardId,
        NewStartingHashKey: String(middle),
      }),
    );
  };
  /** Both children of a split shard are read: the parent finished, and their checkpoints at records. */
  const isSplitRead = async (parent: string): Promise<boolean> => {
    const all = await rows();
    const children = all.filter(({ parents }) => parents.includes(parent));
    return (
      isEnded(all, parent) &&
      children.length === 2 &&
      children.every(({ checkpoint }) => /^\d+$/.test(checkpoint))
    );
  };
  /** How often a worker has begun with a shard. */
  const takes = (): number =>
    processes
      .map(({ output }) => output().match(/"kind":"taken"|"event":"lease.taken"/g)?.length ?? 0)
      .reduce((sum, count) => sum + count, 0);
  const stop = async (): Promise<void> => {
    await traffic.stop().catch(() => undefined);
    for (const { child } of processes) child.kill('SIGKILL');
    await Promise.all(processes.map(({ done }) => done));
  };
  return { world, traffic, java, ours, rows, untilOwnedBy, untilOneOf, split, isSplitRead, takes, stop };
}

function unlessMissing(error: unknown): [] {
  if (error instanceof ResourceNotFoundException) return [];
  throw error;
}

async function stopOurs(worker: CliProcess) {
  worker.child.kill('SIGTERM');
  const { code, stdout, stderr } = await worker.done;
  if (code !== 0) throw new Error(`our worker ended with ${code}: ${stderr}`);
  return lastJson(stdout) as unknown as { read: number; applied: number; duplicate: number };
}

/** A row of another kind, as KCL 3.5 keeps in the same table, is none. */
function rowOf(item: Readonly<Record<string, unknown>>): LeaseRow[] {
  if ((item['entityType'] ?? 'LEASE') !== 'LEASE') return [];
  const parents = item['parentShardId'];
  return [
    {
      shardId: String(item['leaseKey']),
      owner: item['leaseOwner'] as string | undefined,
      counter: Number(item['leaseCounter']),
      checkpoint: String(item['checkpoint']),
      subSequenceNumber: Number(item['checkpointSubSequenceNumber']),
      parents: Array.isArray(parents) ? parents.map(String) : [],
    },
  ];
}

/** A finished lease is deleted some time after its children have been begun, by Java and by us. */
const isEnded = (rows: readonly LeaseRow[], shardId: string): boolean => {
  const row = rows.find((other) => other.shardId === shardId);
  return row ? row.checkpoint === 'SHARD_END' : rows.some(({ parents }) => parents.includes(shardId));
};

/** Neither finished nor waiting for a parent. */
export function readableOf(rows: readonly LeaseRow[]): LeaseRow[] {
  return rows.filter(
    ({ checkpoint, parents }) =>
      checkpoint !== 'SHARD_END' && parents.every((parent) => isEnded(rows, parent)),
  );
}

/** Whether a table's checkpoints say that the user record has been processed. */
export function covers(
  rows: readonly LeaseRow[],
  record: { readonly shardId: string; readonly sequenceNumber: string; readonly subSequenceNumber: number },
): boolean {
  if (isEnded(rows, record.shardId)) return true;
  const row = rows.find(({ shardId }) => shardId === record.shardId);
  if (row === undefined || !/^\d+$/.test(row.checkpoint)) return false;
  const [at, checkpoint] = [BigInt(record.sequenceNumber), BigInt(row.checkpoint)];
  return at < checkpoint || (at === checkpoint && record.subSequenceNumber <= row.subSequenceNumber);
}
