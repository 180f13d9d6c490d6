/** Runs an embedded engine as a child process: starts it, waits until it answers, ends it with us. */
import { type ChildProcess, spawn } from 'node:child_process';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { MeterError } from '../errors.ts';
import { type Clock, systemClock } from '../time.ts';

export interface Engine {
  readonly name: string;
  readonly endpoint: string;
  readonly pid: number;
  /** Asks it to end, then makes it. */
  stop(): Promise<void>;
}

export interface EngineCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly port: number;
}

export const LOCAL_HOST = '127.0.0.1';
/** The slowest engine needs 2 s on a quiet machine. Unit: ms. */
const START_TIMEOUT_MS = 30_000;
const PROBE_EVERY_MS = 50;
const STOP_GRACE_MS = 3_000;
/** What an engine printed last, to be shown when it does not start. Unit: characters. */
const OUTPUT_KEPT = 2_000;

/** A TCP port that is free now. */
export function freePort(): Promise<number> {
  return listenOnce(0);
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, LOCAL_HOST, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });
}

/** @throws MeterError `port-in-use` */
async function assertFree(name: string, port: number): Promise<void> {
  await listenOnce(port).catch((cause: unknown) => {
    throw new MeterError(
      'port-in-use',
      `Port ${port} is taken, so ${name} cannot start there. End what listens on it, or choose another port.`,
      { cause },
    );
  });
}

/** Engines that must end with this process, however it ends. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts an engine and resolves once it answers HTTP.
 *  @throws MeterError `port-in-use`, `engine-missing` */
export async function startEngine(engine: EngineCommand, clock: Clock = systemClock): Promise<Engine> {
  const { name, command, args, port } = engine;
  await assertFree(name, port);
  const child = spawn(command, args, {
    cwd: engine.cwd,
    env: { ...process.env, ...engine.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (text: unknown): void => {
    output = (output + String(text)).slice(-OUTPUT_KEPT);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let ended: string | undefined;
  const closed = new Promise<void>((resolve) => {
    const end = (why: string): void => {
      ended ??= why;
      running.delete(child);
      resolve();
    };
    child.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.name));
    child.once('close', (code, signal) => end(`exit ${code ?? signal}`));
  });
  running.add(child);
  const stop = async (): Promise<void> => {
    if (ended !== undefined) return;
    child.kill('SIGTERM');
    const grace = clock.timeout(STOP_GRACE_MS);
    grace.signal.addEventListener('abort', () => child.kill('SIGKILL'), { once: true });
    await closed;
    grace.cancel();
  };
  const endpoint = `http://${LOCAL_HOST}:${port}`;
  const deadlineMs = clock.monotonicMs() + START_TIMEOUT_MS;
  while (!(await answers(endpoint))) {
    if (ended === undefined && clock.monotonicMs() < deadlineMs) {
      await clock.sleep(PROBE_EVERY_MS);
      continue;
    }
    await stop();
    throw new MeterError(
      'engine-missing',
      `${name} did not start (${ended ?? 'no answer'}). It said: ${output.trim() || 'nothing'}`,
    );
  }
  return { name, endpoint, pid: child.pid ?? 0, stop };
}

/** Any HTTP answer will do: engines refuse an unsigned GET in different ways. No pooled socket stays behind. */
const answers = (endpoint: string): Promise<boolean> =>
  new Promise((resolve) => {
    get(endpoint, { agent: false }, (response) => {
      response.resume();
      response.once('close', () => resolve(true));
    }).once('error', () => resolve(false));
  });
