/** What the repairing commands work with, built from the settings: today's decoder, the ordinary exactly-once store
 *  or one that only decides, and the dead-letter table. Without the lease table: a repair needs no lease. */
import { setMaxListeners } from 'node:events';
import { type AwsClients, createClients } from './aws-clients.ts';
import { type Config, personalFieldsOf } from './config.ts';
import type { RecordDecoder } from './decode/decode-record.ts';
import { MeterError } from './errors.ts';
import { createLog, type FlushableLog } from './ops/pino-log.ts';
import { PrometheusMetrics } from './ops/prometheus-metrics.ts';
import { DrySessionStore } from './repair/dry-session-store.ts';
import { WouldChange } from './repair/would-change.ts';
import { gunzip } from './source/record-codec.ts';
import { DeadLetterTable } from './store/dead-letter-table.ts';
import { DedupPages } from './store/dedup-pages.ts';
import { ErasedSims } from './store/erased-sims.ts';
import { ItemLoader } from './store/item-loader.ts';
import type { ItemWriter, StoreDeps } from './store/item-writer.ts';
import { reportRetries } from './store/report-retries.ts';
import { sessionKind } from './store/session-kind.ts';
import type { SessionStore } from './store/session-store.ts';
import { simKind } from './store/sim-kind.ts';
import { tableDefinitions, tableNames, verifyTables } from './store/tables.ts';
import { buildStores, type PartsDeps, sha256 } from './stores.ts';
import { systemClock, systemRandom } from './time.ts';
import { VERSION } from './version.ts';
import { buildDecoder } from './worker-parts.ts';

export interface RepairParts extends PartsDeps {
  readonly clients: AwsClients;
  readonly log: FlushableLog;
  readonly decode: RecordDecoder;
  readonly letters: DeadLetterTable;
  /** Ends all that is under way. */
  readonly closing: AbortController;
  /** The store to write with. @throws MeterError `table-missing`, `batch-writes-refused`. */
  openStore(): Promise<SessionStore>;
  /** A store that writes nothing, and what it would have changed. @throws MeterError `table-missing`. */
  openDryStore(): Promise<{ readonly sessions: SessionStore; readonly changes: WouldChange }>;
  close(): Promise<void>;
}

export function openRepair(config: Config): RepairParts {
  const { log, metrics } = buildOps(config);
  const clients = createClients({ onWarning: (text) => log.debug('sdk.warning', text) });
  const closing = new AbortController();
  // Each wait of each call listens to it.
  setMaxListeners(0, closing.signal);
  const deps = { clients, clock: systemClock, random: systemRandom, log, metrics };
  const onRetry = reportRetries(log, metrics, systemClock);
  const shared = { ...deps, client: clients.data, onRetry, closing: closing.signal };
  const { deadLetters: tableName } = tableNames(config);
  return {
    ...deps,
    decode: buildDecoder(config),
    letters: new DeadLetterTable({ ...shared, tableName, gunzip, sha256 }),
    closing,
    openStore: async () => {
      await verify(clients, config);
      const stores = buildStores(deps, config);
      closing.signal.addEventListener('abort', () => stores.close(), { once: true });
      await stores.open();
      return stores.sessions;
    },
    openDryStore: async () => {
      await verify(clients, config);
      return buildDryStore(shared, config);
    },
    close: async () => {
      closing.abort();
      clients.close();
      await log.close();
    },
  };
}

/** Data go to stdout, messages to stderr; what a command says itself needs no log line. */
function buildOps({ logLevel, stream }: Config) {
  const log = createLog({
    level: logLevel === 'info' ? 'warn' : logLevel,
    version: VERSION,
    clock: systemClock,
    destination: 'stderr',
    isPretty: process.stderr.isTTY,
  });
  const node = process.version;
  const metrics = new PrometheusMetrics({
    clock: systemClock,
    stream,
    processName: undefined,
    version: VERSION,
    node,
  });
  return { log, metrics };
}

type SharedDeps = PartsDeps & StoreDeps;

/** The same reading parts as the real store's, and a writer that cannot. */
function buildDryStore(shared: SharedDeps, config: Config) {
  const names = tableNames(config);
  const { dedupHorizonDays: horizonDays } = config;
  const writer: ItemWriter = {
    write: () => Promise.reject(new MeterError('invariant-broken', 'a dry run tried to write')),
  };
  const personalFields = personalFieldsOf(config);
  const changes = new WouldChange(personalFields);
  const erased = new ErasedSims(names.dedup, shared);
  const common = {
    pages: new DedupPages({ ...shared, writer, tableName: names.dedup, horizonDays }),
    hash16: (text: string) => sha256(text).slice(0, 32),
    isErased: (event: { readonly simSid: string }) => erased.isErased(event.simSid),
  };
  const sessions = new DrySessionStore({
    sessions: {
      ...common,
      kind: sessionKind({ tableName: names.sessions, keepDays: 0, personalFields }),
      loader: new ItemLoader(names.sessions, shared),
    },
    ...(config.projections.includes('sims')
      ? { sims: { ...common, kind: simKind(names.sims, 0), loader: new ItemLoader(names.sims, shared) } }
      : {}),
    changes,
  });
  return { sessions, changes };
}

/** All tables but the leases'. @throws MeterError. */
async function verify({ dynamodb }: AwsClients, config: Config): Promise<void> {
  const { leases } = tableNames(config);
  const definitions = tableDefinitions(config).filter(({ name }) => name !== leases);
  const problems = await verifyTables(dynamodb, definitions);
  const [first] = problems;
  if (!first) return;
  throw new MeterError(
    first.kind === 'mismatch' ? 'table-mismatch' : 'table-missing',
    `The tables are not ready: ${problems.map(({ message }) => message).join('; ')}. Check SUPERSIM_TABLE_PREFIX and AWS_REGION.`,
  );
}
