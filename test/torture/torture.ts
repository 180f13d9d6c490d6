/** Real worker processes on real engines, with everything against them, and an independent recount at the end. */
import { compareStored } from '../../src/local/compare-stored.ts';
import { systemClock } from '../../src/time.ts';
import { letterKey } from '../support/apply-log.ts';
import { checkApplyOrder, type Violation } from '../support/apply-order.ts';
import { startEngines, type World } from '../support/engines.ts';
import { type Recount, recount } from './reread.ts';
import { type Floors, floorsOf, type TortureOptions } from './torture-options.ts';
import { FAILOVER_TIME_MS, fleetOf, TortureRun } from './torture-run.ts';
import type { FleetReport } from './tortured-fleet.ts';

export interface TortureReport extends FleetReport {
  ok: boolean;
  readonly seed: number;
  readonly events: number;
  readonly minutes: number;
  readonly elapsedSeconds: number;
  readonly recordsRead: number;
  readonly sessionsCompared: number;
  /** From the last record put until every session was right. */
  readonly caughtUpMs: number;
  readonly duplicatesPut: number;
  /** How many of each there are; of each list at most 20 are shown. */
  readonly found: Readonly<Record<string, number>>;
  readonly differences: readonly string[];
  readonly deadLetters: { readonly expected: number; readonly wrong: readonly string[] };
  readonly stuckShards: readonly string[];
  readonly shards: number;
  readonly violations: readonly Violation[];
  readonly leaseWritesChecked: number;
  readonly effectsChecked: number;
  readonly takesFromOthers: number;
  readonly calls: number;
  readonly faults: number;
  readonly faultsByKind: Readonly<Record<string, number>>;
  readonly appliedUnanswered: number;
  readonly splits: number;
  readonly merges: number;
  readonly outagesMs: readonly number[];
  readonly floors: Floors;
  readonly missedFloors: readonly string[];
}

/** Once nothing goes wrong any more, the fleet has so long to store all that is in the stream. Unit: ms. */
const CAUGHT_UP_WITHIN_MS = 120_000;
const CHECKPOINTED_WITHIN_MS = 30_000;
const SHOWN_MAX = 20;

/** Shards whose lease does not say that all of it is done, by what the recount found in them. A lease that was removed
 *  is done with: the checker holds that only finished ones are. */
async function stuckShards(run: TortureRun, world: World, { records }: Recount): Promise<string[]> {
  const removed = new Set(
    run.applyLog.leaseWrites.filter(({ kind }) => kind === 'removed').map(({ leaseKey }) => leaseKey),
  );
  const leases = new Map((await world.items('leases')).map((row) => [row['leaseKey'], row]));
  return [...records].flatMap(([shardId, all]) => {
    const row = leases.get(shardId);
    const [checkpoint, owner] = [String(row?.['checkpoint']), row?.['leaseOwner']];
    const last = all.at(-1)?.sequenceNumber;
    const isDone =
      removed.has(shardId) || checkpoint === 'SHARD_END' || last === undefined || checkpoint === last;
    return isDone ? [] : [`${shardId}: checkpoint ${checkpoint} of ${last}, owner ${owner ?? 'nobody'}`];
  });
}

/** Dead letters that should be and are not, or are and should not be. */
async function wrongLetters(world: World, expected: ReadonlySet<string>): Promise<string[]> {
  const found = new Set(
    (await world.items('deadLetters')).map((item) =>
      letterKey(String(item['shard_id']), String(item['record_id'])),
    ),
  );
  return [
    ...[...expected].filter((key) => !found.has(key)).map((key) => `missing: ${key}`),
    ...[...found].filter((key) => !expected.has(key)).map((key) => `too much: ${key}`),
  ];
}

async function untilCaughtUp(run: TortureRun, say: (text: string) => void): Promise<number> {
  const startedAtMs = systemClock.monotonicMs();
  const elapsedMs = (): number => systemClock.monotonicMs() - startedAtMs;
  for (let differences = await run.differences(); differences > 0; differences = await run.differences()) {
    if (elapsedMs() > CAUGHT_UP_WITHIN_MS) {
      run.fleet.fail(`not caught up within ${CAUGHT_UP_WITHIN_MS} ms: ${differences} differences`);
      break;
    }
    await run.fleet.look();
    await systemClock.sleep(1_000);
  }
  say(`caught up in ${(elapsedMs() / 1_000).toFixed(1)} s`);
  return Math.round(elapsedMs());
}

async function untilCheckpointed(run: TortureRun, world: World, recounted: Recount): Promise<string[]> {
  const giveUpAtMs = systemClock.monotonicMs() + CHECKPOINTED_WITHIN_MS;
  let stuck = await stuckShards(run, world, recounted);
  while (stuck.length > 0 && systemClock.monotonicMs() < giveUpAtMs) {
    await systemClock.sleep(1_000);
    stuck = await stuckShards(run, world, recounted);
  }
  return stuck;
}

function missedFloors(run: TortureRun, floors: Floors): string[] {
  const { kills, pauses } = run.fleet.report;
  const reached: Record<Exclude<keyof Floors, 'outageMs'>, number> = {
    kills,
    pauses,
    faults: run.counts.faults,
    appliedUnanswered: run.counts.appliedUnanswered,
    splits: run.splits,
    merges: run.merges,
    outages: run.outagesMs.filter((ms) => ms >= floors.outageMs).length,
  };
  return Object.entries(reached)
    .filter(([name, count]) => count < floors[name as keyof Floors])
    .map(([name, count]) => `${name}: ${count} of ${floors[name as keyof Floors]}`);
}

/** Leases that another worker than the row's owner took. */
function takesFromOthers(run: TortureRun): number {
  const owners = new Map<string, string | undefined>();
  let takes = 0;
  for (const { leaseKey, caller, row } of [...run.applyLog.leaseWrites].sort(
    (a, b) => (a.row?.counter ?? 0) - (b.row?.counter ?? 0),
  )) {
    if (!row) continue;
    const before = owners.get(leaseKey);
    if (before !== undefined && before !== caller && row.owner === caller) takes += 1;
    owners.set(leaseKey, row.owner);
  }
  return takes;
}

export async function torture(options: TortureOptions, say: (text: string) => void): Promise<TortureReport> {
  const startedAtMs = systemClock.monotonicMs();
  const engines = await startEngines();
  const source = fleetOf(options);
  try {
    const world = await engines.world(TortureRun.shards);
    const run = new TortureRun({ engines, world, source }, options, say);
    try {
      await run.torment();
      say(run.progress());
      const caughtUpMs = await untilCaughtUp(run, say);
      const recounted = await recount(engines.clients.kinesis, world.stream);
      say(`${recounted.recordCount} records read again`);
      const stuck = await untilCheckpointed(run, world, recounted);
      await run.fleet.look();
      await run.fleet.finish();
      return await judge({ run, world, recounted, stuck, caughtUpMs, options, startedAtMs });
    } finally {
      await run.fleet.stop();
    }
  } finally {
    await engines.stop();
  }
}

async function judge(found: {
  readonly run: TortureRun;
  readonly world: World;
  readonly recounted: Recount;
  readonly stuck: readonly string[];
  readonly caughtUpMs: number;
  readonly options: TortureOptions;
  readonly startedAtMs: number;
}): Promise<TortureReport> {
  const { run, world, recounted, stuck, caughtUpMs, options, startedAtMs } = found;
  const { records, truth, letters } = recounted;
  const differences = compareStored(await world.stored(), truth);
  const wrong = await wrongLetters(world, letters);
  const violations = checkApplyOrder({ log: run.applyLog, records, failoverTimeMs: FAILOVER_TIME_MS });
  const floors = floorsOf(options);
  const missed = missedFloors(run, floors);
  const { failures, ...fleet } = run.fleet.report;
  const findings = { differences, wrong, stuck, violations, missed, failures };
  return {
    ok: Object.values(findings).every(({ length }) => length === 0),
    found: Object.fromEntries(Object.entries(findings).map(([name, { length }]) => [name, length])),
    ...options,
    elapsedSeconds: Math.round((systemClock.monotonicMs() - startedAtMs) / 1_000),
    recordsRead: recounted.recordCount,
    sessionsCompared: Object.keys(truth.sessions).length,
    caughtUpMs,
    duplicatesPut: truth.totals.duplicates,
    differences: differences.slice(0, SHOWN_MAX),
    deadLetters: { expected: letters.size, wrong: wrong.slice(0, SHOWN_MAX) },
    stuckShards: stuck,
    shards: records.size,
    violations: violations.slice(0, SHOWN_MAX),
    leaseWritesChecked: run.applyLog.leaseWrites.length,
    effectsChecked: run.applyLog.effects.size,
    takesFromOthers: takesFromOthers(run),
    calls: run.counts.calls,
    faults: run.counts.faults,
    faultsByKind: Object.fromEntries(run.counts.byKind),
    appliedUnanswered: run.counts.appliedUnanswered,
    splits: run.splits,
    merges: run.merges,
    outagesMs: run.outagesMs.map(Math.round),
    floors,
    missedFloors: missed,
    ...fleet,
    failures: failures.slice(0, SHOWN_MAX),
  };
}
