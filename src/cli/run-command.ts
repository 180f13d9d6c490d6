import { hostname } from 'node:os';
import { type Command, Option } from 'commander';
import { createClients } from '../aws-clients.ts';
import type { Config, EffectiveConfig } from '../config.ts';
import { errorName, MeterError } from '../errors.ts';
import { explain } from '../explain-error.ts';
import { toJson } from '../json.ts';
import { captureWarnings } from '../ops/capture-warnings.ts';
import { createLog, type FlushableLog } from '../ops/pino-log.ts';
import { SupervisorLink } from '../supervisor/supervisor-link.ts';
import { systemClock, systemRandom } from '../time.ts';
import { VERSION } from '../version.ts';
import { Worker, type WorkerResult } from '../worker.ts';
import { EXIT } from './exit-codes.ts';
import { processesOf, runSupervisor } from './run-supervisor.ts';
import { ALL_SETTINGS, addSettingFlags, configFrom, type SettingFlags } from './setting-flags.ts';
import { SIGNALS } from './signals.ts';

interface RunOptions extends SettingFlags {
  readonly drain?: boolean;
  readonly json?: boolean;
  /** Set by a supervisor for the processes it starts. */
  readonly processNumber?: string;
}

/** Unique in the fleet, and tells a person where the process is. */
const makeWorkerId = (): string =>
  `${hostname()}-${process.pid}-${Buffer.from(systemRandom.bytes(3)).toString('hex')}`;

/** A given name is for one worker: processes side by side add their number. */
function workerIdOf({ workerId }: Config, processNumber: string | undefined): string {
  if (workerId === '') return makeWorkerId();
  return processNumber === undefined ? workerId : `${workerId}-${processNumber}`;
}

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

/** Under a supervisor every signal, its word and its end mean the same: stop. A terminal's Ctrl-C and some service
 *  managers signal the supervisor and its processes alike, which must not count as a second signal. */
function listenToSupervisor(worker: Worker, link: SupervisorLink, log: FlushableLog): void {
  for (const signal of Object.keys(SIGNALS))
    process.on(signal, () => {
      log.info('worker.signal', 'stopping', { signal });
      worker.stop();
    });
  const stop = (): void => {
    if (link.isLost) log.warn('supervisor.lost', 'stopping: the supervisor is gone');
    worker.stop();
  };
  if (link.stopping.aborted) stop();
  link.stopping.addEventListener('abort', stop, { once: true });
}

function report({ end, totals }: WorkerResult, isJson: boolean): number {
  if (isJson) process.stdout.write(`${toJson({ end: end.kind, ...totals })}\n`);
  if (end.kind !== 'parked') return EXIT.ok;
  process.stderr.write(
    `supersim-meter: ${end.shardId} stopped (${end.reason}), so the stream cannot be drained; the log says more [${end.reason}]\n`,
  );
  return EXIT.failed;
}

function openLog({ config, entries }: EffectiveConfig, workerId: string, link?: SupervisorLink) {
  const log = createLog({
    level: config.logLevel,
    version: VERSION,
    clock: systemClock,
    destination: 'stdout',
    isPretty: process.stdout.isTTY,
    context: { workerId, stream: config.stream, process: link && Number(link.processName) },
  });
  captureWarnings(log);
  for (const { variable, source } of entries)
    if (source !== 'default') log.debug('config.set', `${variable} comes from the ${source}`);
  return log;
}

async function runWorker(
  settings: EffectiveConfig,
  { drain = false, json = false }: RunOptions,
  link?: SupervisorLink,
): Promise<void> {
  const { config } = settings;
  const workerId = workerIdOf(config, link?.processName);
  const log = openLog(settings, workerId, link);
  try {
    const worker = new Worker(config, workerId, {
      clock: systemClock,
      random: systemRandom,
      log,
      environment: process.env,
      createClients,
      printLine: (line) => log.line(line),
      ...(link ? { door: link } : {}),
    });
    if (link) listenToSupervisor(worker, link, log);
    else listenForSignals(worker, log);
    const result = await worker.run({ drain });
    const { end, totals } = result;
    if (end.kind === 'failed') throw explain(end.error, 'running');
    await link?.ended(end.kind, totals);
    // The log writes in the background: its lines come first, the totals last.
    await log.close();
    // At once: calls that hang would hold the process for as long as the SDK repeats them.
    process.exit(report(result, json && !link));
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

async function run(options: RunOptions): Promise<void> {
  const { processNumber, drain = false, json = false } = options;
  const settings = configFrom(options);
  if (processNumber !== undefined) {
    const link = new SupervisorLink(processNumber, process, systemClock);
    return runWorker(settings, options, link).finally(() => link.close());
  }
  const processes = processesOf(settings.config);
  return processes === 1 ? runWorker(settings, options) : runSupervisor(settings, processes, { drain, json });
}

export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .description('the worker: reads the stream until it is told to stop')
    .option('--drain', 'end with exit 0 once every shard is read to its tip and checkpointed')
    .option('--json', 'print the run’s totals as one JSON object, as the last line')
    .addOption(new Option('--process-number <number>').hideHelp());
  addSettingFlags(command, ALL_SETTINGS).action(run);
}
