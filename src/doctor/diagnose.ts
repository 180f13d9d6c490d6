/** Looks at everything that a worker needs, and changes nothing. Later checks stand on earlier ones: what cannot be
 *  looked at is said to be skipped, never to be well. */
import { streamsOf } from '../config.ts';
import { explain } from '../explain-error.ts';
import { tableNames } from '../store/tables.ts';
import { toIso } from '../time.ts';
import { VERSION } from '../version.ts';
import { type Check, hasFailed, ok, skipped, trouble } from './check.ts';
import { checkBatchWrites } from './check-batch-writes.ts';
import { checkLeases } from './check-leases.ts';
import { checkOnTable, checkReading, findUpdatable } from './check-permissions.ts';
import { checkStream } from './check-stream.ts';
import { checkSurroundings } from './check-surroundings.ts';
import { checkTables } from './check-tables.ts';
import type { DoctorDeps, StreamFacts, TableFacts } from './doctor-deps.ts';
import { checkNode } from './node-support.ts';
import { ServerClock } from './server-clock.ts';

const DATE_LENGTH = 10;

async function* checkLeaseTable(
  deps: DoctorDeps,
  streams: readonly StreamFacts[],
  tables: readonly TableFacts[],
): AsyncGenerator<Check> {
  const { leases } = tableNames(deps.config);
  const isReady =
    tables.some(({ definition }) => definition.name === leases) &&
    streams.length === streamsOf(deps.config).length;
  if (!isReady) {
    yield skipped('lease-table', 'the stream or the lease table is not ready', { subject: leases });
    return;
  }
  try {
    yield* await checkLeases(deps, streams);
  } catch (error) {
    yield trouble('fail', 'lease-table', {
      subject: leases,
      found: explain(error, 'looking at the leases').message,
      fix: 'see the checks above',
    });
  }
}

async function* checkAws(deps: DoctorDeps): AsyncGenerator<Check> {
  const streams = await Promise.all(streamsOf(deps.config).map((stream) => checkStream(deps, stream)));
  yield* streams.flatMap(({ checks }) => checks);
  const tables = await checkTables(deps);
  yield* tables.flatMap(({ checks }) => checks);
  const streamFacts = streams.flatMap(({ facts }) => facts ?? []);
  const tableFacts = tables.flatMap(({ facts }) => facts ?? []);
  for (const facts of streamFacts) yield* await checkReading(deps, facts);
  const updatable = await findUpdatable(deps, tableFacts);
  for (const facts of tableFacts) yield* await checkOnTable(deps, facts, updatable);
  const { sessions } = tableNames(deps.config);
  yield tableFacts.some(({ definition }) => definition.name === sessions)
    ? await checkBatchWrites(deps)
    : skipped('batch-writes', `table ${sessions} is not ready`);
  yield* checkLeaseTable(deps, streamFacts, tableFacts);
}

/** Every check, as it is done. */
export async function* diagnose(deps: DoctorDeps): AsyncGenerator<Check> {
  const { clients, clock, nodeVersion } = deps;
  yield checkNode(nodeVersion, toIso(clock.wallMs()).slice(0, DATE_LENGTH));
  yield ok('version', `supersim-meter ${VERSION}`);
  const serverClock = new ServerClock(clock);
  serverClock.listenTo(clients.kinesis);
  serverClock.listenTo(clients.dynamodb);
  const surroundings = await checkSurroundings(deps);
  yield* surroundings;
  if (hasFailed(surroundings)) {
    yield skipped('stream', 'AWS cannot be asked without the above');
    return;
  }
  yield* checkAws(deps);
  yield serverClock.check();
}
