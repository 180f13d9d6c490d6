import { hostname } from 'node:os';
import type { Command } from 'commander';
import { createClients } from '../aws-clients.ts';
import { errorName, MeterError } from '../errors.ts';
import { explain } from '../explain-error.ts';
import { toJson } from '../json.ts';
import { captureWarnings } from '../ops/capture-warnings.ts';
import { createLog, type FlushableLog } from '../ops/pino-log.ts';
import { systemClock, systemRandom } from '../time.ts';
import { VERSION } from '../version.ts';
import { Worker, type WorkerResult } from '../worker.ts';
import { EXIT } from './exit-codes.ts';
import { ALL_SETTINGS, addSettingFlags, configFrom, type SettingFlags } from './setting-flags.ts';

const SIGNALS = { SIGTERM: 143, SIGINT: 130 } as const;

/** Unique in the fleet, and tells a person where the process is. */
const makeWorkerId = (): string =>
  `${hostname()}-${process.pid}-${Buffer.from(systemRandom.bytes(3)).toString('hex')}`;

/** The first signal drains, the second ends at once. */
function listenForSignals(worker: Worker, log: FlushableLog): void {
  let isStopping = false;
  for (const [signal, exitCode] of Object.entries(SIGNALS))
    process.on(signal, () => {
      if (isStopping) {
        log.flush();
        process.exit(exitCode);
      }
      isStopping = true;
      log.info('worker.signal', 'stopping; a second signal ends at once', { signal });
      worker.stop();
    });
}

function report({ end, totals }: WorkerResult, isJson: boolean): number {
  if (isJson) process.stdout.write(`${toJson({ end: end.kind, ...totals })}\n`);
  if (end.kind !== 'parked') return EXIT.ok;
  process.stderr.write(
    `supersim-meter: ${end.shardId} stopped (${end.reason}), so the stream cannot be drained; the log says more [${end.reason}]\n`,
  );
  return EXIT.failed;
}

async function runWorker(options: { drain?: boolean; json?: boolean } & SettingFlags): Promise<void> {
  const { config, entries } = configFrom(options);
  const workerId = config.workerId || makeWorkerId();
  const log = createLog({
    level: config.logLevel,
    version: VERSION,
    clock: systemClock,
    destination: 'stdout',
    isPretty: process.stdout.isTTY,
    context: { workerId, stream: config.stream },
  });
  captureWarnings(log);
  for (const { variable, source } of entries)
    if (source !== 'default') log.debug('config.set', `${variable} comes from the ${source}`);
  try {
    const worker = new Worker(config, workerId, {
      clock: systemClock,
      random: systemRandom,
      log,
      environment: process.env,
      createClients,
    });
    listenForSignals(worker, log);
    const result = await worker.run({ drain: options.drain ?? false });
    if (result.end.kind === 'failed') throw explain(result.end.error, 'running');
    // The log writes in the background: its lines come first, the totals last.
    await log.close();
    // At once: calls that hang would hold the process for as long as the SDK repeats them.
    process.exit(report(result, options.json ?? false));
  } catch (error) {
    const known = error instanceof MeterError ? error : explain(error, 'starting the worker');
    log.error('worker.failed', known.message, {
      errorName: errorName(known.cause ?? known),
      errorCode: known.code,
    });
    log.flush();
    throw known;
  }
}

export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .description('the worker: reads the stream until it is told to stop')
    .option('--drain', 'end with exit 0 once every shard is read to its tip and checkpointed')
    .option('--json', 'print the run’s totals as one JSON object, as the last line');
  addSettingFlags(command, ALL_SETTINGS).action(runWorker);
}
