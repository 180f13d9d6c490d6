/** `run --processes N`: the supervisor's process. */
import { availableParallelism } from 'node:os';
import { createClients } from '../aws-clients.ts';
import type { Config, EffectiveConfig } from '../config.ts';
import { toJson } from '../json.ts';
import { pageMaker } from '../open-page.ts';
import { captureWarnings } from '../ops/capture-warnings.ts';
import { httpDoor } from '../ops/door.ts';
import { createLog, type FlushableLog } from '../ops/pino-log.ts';
import { forkMain } from '../supervisor/forked-process.ts';
import { Supervisor } from '../supervisor/supervisor.ts';
import { systemClock, systemRandom } from '../time.ts';
import { VERSION } from '../version.ts';
import { EXIT } from './exit-codes.ts';
import { SIGNALS } from './signals.ts';

const SYSTEM = { clock: systemClock, random: systemRandom };

/** How many workers to run. */
export const processesOf = ({ processes }: Pick<Config, 'processes'>): number =>
  processes === 'auto' ? availableParallelism() : processes;

/** The first signal stops every process, the second kills them. */
function listenForSignals(supervisor: Supervisor, log: FlushableLog): void {
  let isStopping = false;
  for (const [signal, exitCode] of Object.entries(SIGNALS))
    process.on(signal, () => {
      if (isStopping) {
        supervisor.kill();
        log.flush();
        process.exit(exitCode);
      }
      isStopping = true;
      log.info('supervisor.signal', 'stopping all processes; a second signal kills them', { signal });
      supervisor.stop();
    });
}

const openLog = ({ logLevel, stream }: Config): FlushableLog =>
  createLog({
    level: logLevel,
    version: VERSION,
    clock: systemClock,
    destination: 'stdout',
    isPretty: process.stdout.isTTY,
    context: { stream },
  });

/** Runs the command line's worker `processes` times over; each gets the same flags and environment.
 *  @throws MeterError `port-in-use`, `config-invalid` for an address that cannot be listened on. */
export async function runSupervisor(
  { config }: EffectiveConfig,
  processes: number,
  options: { readonly drain: boolean; readonly json: boolean },
): Promise<never> {
  const log = openLog(config);
  captureWarnings(log);
  const [, mainFile = '', ...args] = process.argv;
  const supervisor = new Supervisor(
    {
      ...SYSTEM,
      log,
      fork: forkMain(mainFile, (number) => [...args, '--process-number', String(number)]),
    },
    {
      ...config,
      processes,
      drain: options.drain,
      graceMs: config.shutdownGraceMs,
      codes: { final: [EXIT.usage, EXIT.configuration], aws: [EXIT.aws], failed: EXIT.failed },
    },
  );
  // Before the first process: an address that is taken ends the run before it has done anything.
  const openPage = pageMaker(
    config,
    { ...SYSTEM, environment: process.env, createClients },
    { place: 'processes' },
  );
  const door = await httpDoor(config.http, log, openPage)?.open(supervisor.view());
  listenForSignals(supervisor, log);
  log.info('supervisor.started', 'running several workers', { count: processes, version: VERSION });
  const { exitCode, end, totals } = await supervisor.run();
  await door?.stop();
  log.info('supervisor.ended', 'all processes have ended', { exitCode, reason: end });
  // The log writes in the background: its lines come first, the totals last.
  await log.close();
  if (options.json) process.stdout.write(`${toJson({ end, ...totals })}\n`);
  process.exit(exitCode);
}
