/** The stub of a soak in a process of its own. Started by `runSoak`; its options are its argument, as JSON. */
import { Chance, seededRandom } from '../../../src/local/seeded-random.ts';
import type { Projection } from '../../../src/store/projection-names.ts';
import { createTableInput, tableDefinitions, tableNames } from '../../../src/store/tables.ts';
import { systemClock } from '../../../src/time.ts';
import { Latency, type LatencyOptions } from '../stub/latency.ts';
import { type LoadOptions, makeLoad } from '../stub/make-load.ts';
import { StubDynamoDb } from '../stub/stub-dynamodb.ts';
import { NAMING, STREAM } from '../stub/stub-options.ts';
import { StubServer } from '../stub/stub-server.ts';
import { CycleKeeper, type KeeperReport } from './cycle-keeper.ts';
import { SoakKinesis } from './soak-kinesis.ts';

export interface SoakStubOptions {
  readonly load: Partial<LoadOptions>;
  readonly latency: LatencyOptions;
  readonly projections: readonly Projection[];
}

export interface SoakStubReport extends KeeperReport {
  /** Wall ms; 0: never. */
  readonly firstReadAtMs: number;
  readonly recordsRead: number;
  readonly cycles: number;
  readonly eventsPerCycle: number;
  readonly deadLetters: number;
  readonly stubRssBytes: number;
}

const CHECK_EVERY_MS = 250;

const options = JSON.parse(process.argv[2] ?? '{}') as SoakStubOptions;
const names = tableNames(NAMING);
const load = makeLoad(options.load);
const stream = new SoakKinesis(load, STREAM);
const dynamodb = new StubDynamoDb((change) => keeper.see(change));
const keeper = new CycleKeeper({
  names,
  dynamodb,
  stream,
  truth: load.truth,
  projections: options.projections,
});
for (const definition of tableDefinitions(NAMING))
  dynamodb.perform('CreateTable', { ...createTableInput(definition) });

const report = (): SoakStubReport => ({
  ...keeper.report(),
  firstReadAtMs: stream.firstReadAtMs ?? 0,
  recordsRead: stream.recordsRead,
  cycles: stream.nextCycle,
  eventsPerCycle: load.truth.totals.distinct,
  deadLetters: dynamodb.items(names.deadLetters).length,
  stubRssBytes: process.memoryUsage.rss(),
});

const control = (path: string): unknown => {
  if (path === 'end') stream.end();
  else if (path !== 'report') throw new Error(`no control is named ${path}`);
  keeper.checkDone();
  return report();
};

const latency = new Latency(options.latency, new Chance(seededRandom(options.load.seed ?? 1)));
const endpoint = await new StubServer({ dynamodb, kinesis: stream, latency, control }).open();
process.send?.({ endpoint });
process.once('disconnect', () => process.exit());
for (;;) {
  await systemClock.sleep(CHECK_EVERY_MS);
  keeper.checkDone();
}
