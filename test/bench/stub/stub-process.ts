/** The stub in a process of its own. Started by `startStub`; its options are its argument, as JSON. */
import { Chance, seededRandom } from '../../../src/local/seeded-random.ts';
import { createTableInput, tableDefinitions, tableNames } from '../../../src/store/tables.ts';
import { systemClock } from '../../../src/time.ts';
import type { Item } from '../../simulation/dynamodb/values.ts';
import { type Judgement, judge } from './judge.ts';
import { Latency } from './latency.ts';
import { type Load, makeLoad } from './make-load.ts';
import { StubDynamoDb } from './stub-dynamodb.ts';
import { StubKinesis } from './stub-kinesis.ts';
import { NAMING, type StubOptions, type StubReport } from './stub-options.ts';
import { StubServer } from './stub-server.ts';

const SESSIONS = tableNames(NAMING).sessions;

const countOf = (item: Item | undefined): number =>
  Number((item?.['event_count'] as { value?: string } | undefined)?.value ?? 0);

/** When events became durable: a session's item that counts n events holds the first n of them, because a
 *  session's events are in one shard and a shard is stored in order. */
class Durability {
  readonly latenciesMs: number[] = [];
  events = 0;
  lastAtMs = 0;
  writes = 0;
  private readonly load: Load;
  private readonly kinesis: StubKinesis;

  constructor(load: Load, kinesis: StubKinesis) {
    this.load = load;
    this.kinesis = kinesis;
  }

  see(before: Item | undefined, after: Item | undefined): void {
    this.writes += 1;
    const copies = this.load.firstCopies.get(String(after?.['data_session_sid'])) ?? [];
    const nowMs = systemClock.wallMs();
    for (let at = countOf(before); at < countOf(after); at += 1) {
      this.latenciesMs.push(nowMs - this.kinesis.arrivedAtMs(copies[at] ?? 0));
      this.events += 1;
      this.lastAtMs = nowMs;
    }
  }
}

const percentile = (sorted: readonly number[], share: number): number =>
  Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10;

const options = JSON.parse(process.argv[2] ?? '{}') as StubOptions;
const load = makeLoad(options.load);
const kinesis = new StubKinesis(load, options.kinesis);
const durability = new Durability(load, kinesis);
const dynamodb = new StubDynamoDb(({ tableName, before, after }) => {
  if (tableName === SESSIONS) durability.see(before, after);
});
for (const definition of tableDefinitions(NAMING))
  dynamodb.perform('CreateTable', { ...createTableInput(definition) });
dynamodb.reset();
const startCpu = process.cpuUsage();

const progress = () => ({
  records: load.records,
  events: load.truth.totals.distinct,
  durableEvents: durability.events,
  recordsRead: kinesis.recordsRead,
});

function report(): StubReport {
  const sorted = durability.latenciesMs.sort((a, b) => a - b);
  const { user, system } = process.cpuUsage(startCpu);
  return {
    ...progress(),
    firstReadAtMs: kinesis.firstReadAtMs ?? 0,
    lastDurableAtMs: durability.lastAtMs,
    refusedReads: kinesis.refusedReads,
    bytesPerSecondOfShards: kinesis.bytesPerSecondOfShards,
    sessionWrites: durability.writes,
    bytesPerRecord: Math.round(kinesis.bytes / load.records),
    requests: dynamodb.requests,
    requestsByTable: dynamodb.requestsByTable,
    units: dynamodb.units.report(),
    arrivalToDurableMs: {
      p50: percentile(sorted, 0.5),
      p99: percentile(sorted, 0.99),
      p999: percentile(sorted, 0.999),
    },
    stubCpuMs: (user + system) / 1_000,
  };
}

const check = (): Judgement =>
  judge(
    dynamodb.items(SESSIONS),
    load.truth,
    options.truthAttributes,
    dynamodb.items(tableNames(NAMING).deadLetters).length,
  );

const control = (path: string): unknown => {
  if (path === 'report') return report();
  if (path === 'progress') return progress();
  if (path === 'check') return check();
  if (path === 'sessions') return dynamodb.items(SESSIONS);
  if (path !== 'reset') throw new Error(`no control is named ${path}`);
  dynamodb.reset();
  return {};
};

const latency = new Latency(options.latency, new Chance(seededRandom(options.load.seed ?? 1)));
const endpoint = await new StubServer({ dynamodb, kinesis, latency, control }).open();
process.send?.({ endpoint });
process.once('disconnect', () => process.exit());
