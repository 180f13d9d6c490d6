/** LocalStack on this machine for the time of a run, without Docker: localstack/host. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../src/local/engine-process.ts';
import { systemClock } from '../../src/time.ts';
import { identify, isProvisioned } from './engine-from-env.ts';

/** This file lies in `test/support`, or compiled one folder deeper. */
const HOST = ['../..', '../../..']
  .map((root) => join(import.meta.dirname, root, 'localstack/host'))
  .find((path) => existsSync(path)) as string;
/** On a busy machine. Unit: ms. */
const READY_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 500;
const STOP_WITHIN_MS = 15_000;

export interface RunningLocalStack {
  readonly endpoint: string;
  /** Of what runs inside, as one line. */
  readonly versions: string;
  stop(): Promise<void>;
}

/** Installs it when it is not there yet, and waits until it answers.
 *  @throws when it cannot be installed, or ends, or takes too long. */
export async function startLocalStack(): Promise<RunningLocalStack> {
  const folder = execFileSync(join(HOST, 'install.sh'), { stdio: ['ignore', 'pipe', 'inherit'] })
    .toString()
    .trim();
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const child = spawn(join(HOST, 'start.sh'), [String(port)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    // A group of its own: what it starts must end with it.
    detached: true,
  });
  // However this process ends.
  process.once('exit', () => signalGroup(child, 'SIGKILL'));
  const stop = (): Promise<void> => endGroup(child);
  try {
    await untilReady(endpoint, child);
    return { endpoint, versions: versionsOf(folder), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function untilReady(endpoint: string, child: ChildProcess): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += LOOK_EVERY_MS) {
    const answer = await identify(endpoint).catch((error: Error) => error);
    // Its Kinesis is installed with the first call.
    if (typeof answer === 'string' && (await isProvisioned(endpoint))) return;
    if (child.exitCode !== null) throw new Error(`LocalStack ended at its start with exit ${child.exitCode}`);
    if (waitedMs >= READY_WITHIN_MS) throw new Error(`LocalStack was not ready in time: ${answer}`);
    await systemClock.sleep(LOOK_EVERY_MS);
  }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // Nobody is left in it.
  }
}

async function endGroup(child: ChildProcess): Promise<void> {
  const closed = child.exitCode === null ? once(child, 'close') : Promise.resolve();
  signalGroup(child, 'SIGTERM');
  const late = systemClock.timeout(STOP_WITHIN_MS);
  late.signal.addEventListener('abort', () => signalGroup(child, 'SIGKILL'), { once: true });
  await closed;
  late.cancel();
  signalGroup(child, 'SIGKILL');
}

const manifestOf = (path: string): { readonly version: string } =>
  JSON.parse(readFileSync(path, 'utf8')) as { version: string };

function versionsOf(folder: string): string {
  const library = join(folder, 'files/var/lib/localstack/lib');
  const kinesis = manifestOf(join(library, 'kinesis-local/0.5.2/node_modules/kinesis-local/package.json'));
  const jars = join(library, 'dynamodb-local/2');
  const readme = readFileSync(join(jars, 'README.txt'), 'utf8');
  const dynamodb = /\((\d+\.\d+\.\d+)\)/.exec(readme)?.[1] ?? 'of unknown version';
  const java = execFileSync(join(library, 'java/21/bin/java'), ['--version']).toString().split('\n')[0];
  return `inside LocalStack: kinesis-mock ${kinesis.version}, DynamoDB Local ${dynamodb}, ${java}`;
}
