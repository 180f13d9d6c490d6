/** `npm run bench -- [--only A,B] [--events N] [--rate N] [--p50 MS --p99 MS] [--json]`: lines on stderr as it goes,
 *  the results last on stdout. Ends with 1 when any run stored something else than the truth.
 *
 *  A decode and fold alone · B the whole worker · C obvious designs behind the same port ·
 *  D more shards, more processes, and reads at Kinesis's limit ·
 *  E units per event of four streams · F the lease table's cost (read from B and D) · G a scrape of the metrics ·
 *  S, only when asked for, memory under full load for many minutes. */
import { isPinned } from './child.ts';
import { measureDecodeFold } from './decode-fold.ts';
import { profiled, writeDocs } from './docs/write.ts';
import type { Design } from './measures.ts';
import { events, hasDocs, isJson, keep, latency, minutes, rate, wanted } from './options.ts';
import type { DesignResults, Results } from './results.ts';
import { type RunOptions, type RunResult, runWorker } from './run-worker.ts';
import { measureScrape } from './scrape.ts';
import { runSoak } from './soak/run-soak.ts';
import type { LoadOptions } from './stub/make-load.ts';

/** A worker's that holds a large stream alone. */
const SCRAPED_SHARDS = 256;
const EVENTS_PER_SESSION = 12;
/** As many as a session of four hours has. */
const SESSION_EVENTS_MAX = 40;
const SECONDS_BETWEEN_UPDATES = 2;
/** So that a session has a hundred events, as in ten hours. */
const STEADY_SECONDS = 200;
/** The worker's default. */
const RECORDS_PER_PAGE = 500;
/** Other designs hold nothing back, so a worker that is far behind must not give them all it has: they would open a
 *  call for each event at once. */
const AT_ONCE = { SUPERSIM_PENDING_EVENTS_MAX: '1000' };
/** Events of one session in an hour. */
const EVENTS_PER_HOUR = 10;
const HOUR_SECONDS = 3_600;
/** Their hour fits into what a worker holds back by default. */
const HOUR_SESSIONS_MAX = 2_000;

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

const runs: RunResult[] = [];

function line(result: RunResult): string {
  const { exact, arrivalToDurableMs: lag } = result;
  return [
    `  ${exact.isExact ? 'exact' : `NOT EXACT (${exact.differences} differences)`}`,
    `${result.eventsPerSecond} events/s`,
    `${result.cpuUsPerEvent} µs CPU per event (${result.eventsPerCoreSecond}/s per core, ${result.coresUsed} cores used)`,
    `${result.eventsPerSessionWrite} events per session write`,
    `${result.writeUnitsPerEvent} write and ${result.readUnitsPerEvent} read units, ${result.requestsPerEvent} requests per event`,
    `RSS ${result.rssMaxMiB} MiB`,
    `loop delay p99 ${result.loopDelayP99Ms} ms`,
    ...(result.hasKeptUp ? [] : ['FELL BEHIND: its delays are those of a backlog']),
    ...(lag ? [`durable after ${lag.p50} / ${lag.p99} / ${lag.p999} ms`] : []),
  ].join(', ');
}

async function run(
  name: string,
  load: Partial<LoadOptions>,
  { design = 'ours' as Design, ...more }: Partial<RunOptions> = {},
): Promise<RunResult> {
  say(name);
  const result = await runWorker({
    name,
    design,
    load: { recordsMax: events, ...load },
    latency,
    arrivalsPerSecond: 0,
    isLimited: false,
    ...more,
  });
  runs.push(result);
  say(line(result));
  return result;
}

/** As many sessions as make `events` events. */
const fleet = (shards: number, perSession = EVENTS_PER_SESSION): Partial<LoadOptions> => ({
  shards,
  devices: Math.ceil(events / perSession),
  updatesPerSession: perSession - 2,
});

/** A page of a shard holds each session about once, however many shards there are, so that runs with different
 *  numbers of shards can be compared: the fewer sessions in a shard, the more events fold into one write. */
const sparse = (shards: number): Partial<LoadOptions> =>
  fleet(shards, Math.min(SESSION_EVENTS_MAX, Math.max(2, Math.floor(events / (RECORDS_PER_PAGE * shards)))));

async function wholeWorker(): Promise<NonNullable<Results['B']>> {
  const results: Record<string, NonNullable<Results['B']>[string]> = {};
  for (const shards of [1, 4, 16]) {
    const backlog = await run(`B: backlog, ${shards} shards`, sparse(shards));
    const folding = await run(`B: backlog of few long sessions, ${shards} shards`, fleet(shards));
    const paced = await run(`B: ${rate} events/s, ${shards} shards`, sparse(shards), {
      arrivalsPerSecond: rate,
    });
    results[shards] = { backlog, folding, paced };
  }
  return results;
}

const DESIGN_SHARDS = 16;
/** The two loads that tell designs apart: a session's events one by one, each a write of its own; and the backlog of
 *  four hours, where a session has forty. */
const LOADS = {
  oneByOne: { name: 'one by one', load: sparse(DESIGN_SHARDS), more: {} },
  catchUp: {
    name: 'catching up on four hours',
    load: fleet(DESIGN_SHARDS, 4 * EVENTS_PER_HOUR),
    more: { backlogSeconds: 4 * HOUR_SECONDS },
  },
} as const;

async function designsOn({ name, load, more }: (typeof LOADS)[keyof typeof LOADS]): Promise<DesignResults> {
  const ours = await run(`C: ours, ${name}`, load, more);
  const against = async (design: Design) => {
    const other = await run(`C: ${design}, ${name}`, load, { ...more, design, settings: AT_ONCE });
    const times = (of: (result: RunResult) => number): number =>
      Math.round((of(other) / of(ours)) * 100) / 100;
    const ratios = {
      cpu: times(({ cpuUsPerEvent }) => cpuUsPerEvent),
      requests: times(({ requestsPerEvent }) => requestsPerEvent),
      writeUnits: times(({ writeUnitsPerEvent }) => writeUnitsPerEvent),
    };
    say(`  to ours: CPU ${ratios.cpu}×, requests ${ratios.requests}×, write units ${ratios.writeUnits}×`);
    return { ratios, run: other };
  };
  const transaction = await against('transaction');
  return { ours, others: { transaction, 'put-per-event': await against('put-per-event') } };
}

async function designs(): Promise<NonNullable<Results['C']>> {
  const oneByOne = await designsOn(LOADS.oneByOne);
  return { oneByOne, catchUp: await designsOn(LOADS.catchUp) };
}

async function scaling(): Promise<NonNullable<Results['D']>> {
  const byShards: Record<string, RunResult> = {};
  for (const shards of [1, 4, 16, 64])
    byShards[shards] = await run(`D: backlog, ${shards} shards`, sparse(shards));
  const twoProcesses = await run('D: backlog, 16 shards, 2 processes', sparse(16), { processes: 2 });
  const limited = await run(
    'D: backlog of few long sessions, 8 shards, reads limited as by Kinesis',
    fleet(8),
    { isLimited: true, backlogSeconds: HOUR_SECONDS },
  );
  say(
    `  read at ${limited.sharesOfReadLimit.map((share) => Math.round(share * 1_000) / 10).join(', ')} % of 2 MB/s`,
  );
  return { byShards, twoProcesses, limited };
}

/** At the tip a session's events are minutes apart, here seconds: longer than a read waits. */
function steadyFor(seconds: number): [Partial<LoadOptions>, Partial<RunOptions>] {
  const devices = Math.max(1, Math.round((rate / 2) * SECONDS_BETWEEN_UPDATES));
  const updatesPerSession = Math.floor(seconds / SECONDS_BETWEEN_UPDATES) - 2;
  return [
    { shards: 1, devices, updatesPerSession, recordsMax: Math.round((rate / 2) * seconds) },
    { arrivalsPerSecond: rate / 2 },
  ];
}

async function streams(): Promise<NonNullable<Results['E']>> {
  const steady = await run('E: steady, at the tip', ...steadyFor(STEADY_SECONDS));
  const [load, more] = steadyFor(STEADY_SECONDS / 2);
  const settings = { SUPERSIM_PROJECTIONS: 'sessions,sims,usage' };
  const everything = await run('E: steady, with SIMs and usage by hour', load, { ...more, settings });
  const sessions = Math.min(HOUR_SESSIONS_MAX, events / EVENTS_PER_HOUR);
  const hour = {
    shards: 2,
    devices: sessions,
    updatesPerSession: EVENTS_PER_HOUR - 2,
  };
  const catchUp = await run('E: catch-up of one hour', hour, { backlogSeconds: HOUR_SECONDS });
  const duplicates = await run('E: a third twice', { ...sparse(4), duplicateRate: 1 / 3 });
  const disorder = await run('E: a third late by up to 30 minutes', {
    ...sparse(4),
    lateRate: 1 / 3,
    lateMs: 1_800_000,
  });
  return { steady, everything, catchUp, duplicates, disorder };
}

const results: Results = {
  pinned: isPinned,
  node: process.version,
  events,
  rate,
  latency,
};
if (wanted.has('A')) {
  say('A: decode and fold');
  const alone = measureDecodeFold(Math.min(events, 20_000));
  results.A = alone;
  say(
    `  ${alone.decodeFoldEventsPerSecond} events/s, JSON.parse alone ${alone.jsonParseEventsPerSecond}: ${alone.ratio} times its time`,
  );
}
if (wanted.has('B')) results.B = await wholeWorker();
if (wanted.has('C')) results.C = await designs();
if (wanted.has('D')) results.D = await scaling();
if (wanted.has('E')) results.E = await streams();
if (wanted.has('F')) {
  if (!wanted.has('B')) await run(`F: ${rate} events/s, 4 shards`, fleet(4), { arrivalsPerSecond: rate });
  const paced = runs.filter(({ arrivalsPerSecond, design }) => arrivalsPerSecond > 0 && design === 'ours');
  results.F = paced.map(({ name, shards, seconds, leaseTable }) => ({
    name,
    shards,
    seconds,
    ...leaseTable,
  }));
  for (const { name, leaseTable } of paced)
    say(`F: ${name}: ${leaseTable.writeUnitsPerShardSecond} write units per shard and second`);
}
if (wanted.has('G')) {
  const scrape = await measureScrape(SCRAPED_SHARDS);
  results.G = scrape;
  const { text, openMetrics, merged } = scrape;
  say(`G: scrape of ${SCRAPED_SHARDS} shards, ${Math.round(text.bytes / 1_024)} KiB`);
  for (const [name, { p50Ms, p99Ms, maxMs }] of Object.entries({ text, openMetrics, merged }))
    say(`  ${name}: p50 ${p50Ms} ms, p99 ${p99Ms} ms, max ${maxMs} ms`);
}
if (wanted.has('S')) {
  say(`S: ${minutes} minutes of backlog, 16 shards`);
  results.S = await runSoak({ minutes, load: { recordsMax: events, ...sparse(16) }, latency, keep, say });
}
results.exact = runs.every(({ exact }) => exact.isExact) && results.S?.isExact !== false;
if (!results.exact || results.S?.hasPassed === false) process.exitCode = 1;
if (hasDocs) {
  const profile = await profiled((settings) => run('profile: backlog, 16 shards', sparse(16), { settings }));
  writeDocs(results, profile);
}
process.stdout.write(`${isJson ? JSON.stringify(results) : JSON.stringify(results, null, 2)}\n`);
