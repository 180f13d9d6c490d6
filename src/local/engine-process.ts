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
/** An engine that takes the connection and says nothing must not hold the start up. Unit: ms. */
const PROBE_TIMEOUT_MS = 1_000;
const STOP_GRACE_MS = 3_000;
/** What an engine printed last, to be shown when it does not start. Unit: characters. */
const OUTPUT_KEPT = 2_000;

/** A TCP port that is free now. */
export function freePort(): Promise<number> {
  return listenOnce(0);
}

/** Free ports tried before giving up. */
const PORTS_MAX = 3;

/** Starts something on the given port; without one on a free one, and on another when somebody else takes that in
 *  between. @throws MeterError what `start` throws. */
export async function onPort(
  port: number | undefined,
  start: (port: number) => Promise<Engine>,
): Promise<Engine> {
  if (port !== undefined) return start(port);
  for (let tried = 1; ; tried += 1) {
    try {
      return await start(await freePort());
    } catch (error) {
      const isTaken = error instanceof MeterError && error.code === 'port-in-use';
      if (!isTaken || tried === PORTS_MAX) throw error;
    }
  }
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
    throw portTaken(name, port, { cause });
  });
}

const portTaken = (name: string, port: number, options: { cause?: unknown } = {}): MeterError =>
  new MeterError(
    'port-in-use',
    `Port ${port} is taken, so ${name} cannot start there. End what listens on it, or choose another port.`,
    options,
  );

/** Engines that must end with this process, however it ends. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A child process whose end and last words are known. */
class EngineChild {
  readonly pid: number;
  /** Why it ended; undefined while it runs. */
  ended: string | undefined;
  output = '';
  private readonly child: ChildProcess;
  private readonly clock: Clock;
  private readonly closed: Promise<void>;

  constructor({ command, args, cwd, env }: EngineCommand, clock: Clock) {
    this.clock = clock;
    this.child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.pid = this.child.pid ?? 0;
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (text) => {
        this.output = (this.output + String(text)).slice(-OUTPUT_KEPT);
      });
    running.add(this.child);
    this.closed = new Promise((resolve) => {
      const end = (why: string): void => {
        this.ended ??= why;
        running.delete(this.child);
        resolve();
      };
      this.child.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.name));
      this.child.once('close', (code, signal) => end(`exit ${code ?? signal}`));
    });
  }

  async stop(): Promise<void> {
    if (this.ended !== undefined) return;
    this.child.kill('SIGTERM');
    const grace = this.clock.timeout(STOP_GRACE_MS);
    grace.signal.addEventListener('abort', () => this.child.kill('SIGKILL'), { once: true });
    await this.closed;
    grace.cancel();
  }
}

/** Starts an engine and resolves once it answers HTTP.
 *  @throws MeterError `port-in-use`, `engine-missing` */
export async function startEngine(engine: EngineCommand, clock: Clock = systemClock): Promise<Engine> {
  const { name, port } = engine;
  await assertFree(name, port);
  const child = new EngineChild(engine, clock);
  const endpoint = `http://${LOCAL_HOST}:${port}`;
  const deadlineMs = clock.monotonicMs() + START_TIMEOUT_MS;
  for (;;) {
    const isAnswered = await answers(endpoint);
    // An answer while our child is dead comes from what took the port in between.
    if (isAnswered && child.ended === undefined)
      return { name, endpoint, pid: child.pid, stop: () => child.stop() };
    if (child.ended !== undefined || clock.monotonicMs() >= deadlineMs) break;
    await clock.sleep(PROBE_EVERY_MS);
  }
  const why = child.ended;
  await child.stop();
  throw notStarted(engine, why, child.output.trim());
}

function notStarted(engine: EngineCommand, why: string | undefined, output: string): MeterError {
  const { name, command, port } = engine;
  // It was free a moment ago.
  if (/EADDRINUSE|address already in use/i.test(output)) return portTaken(name, port);
  if (why === 'ENOENT')
    return new MeterError(
      'engine-missing',
      `${name} cannot start: there is no program "${command}" on this machine. Install it, or choose another engine.`,
    );
  const reason = why ?? `no answer within ${START_TIMEOUT_MS / 1_000} s`;
  return new MeterError(
    'engine-missing',
    `${name} did not start (${reason}). It said: ${output || 'nothing'}`,
  );
}

/** Any HTTP answer will do: engines refuse an unsigned GET in different ways. No pooled socket stays behind. */
const answers = (endpoint: string): Promise<boolean> =>
  new Promise((resolve) => {
    const request = get(endpoint, { agent: false, timeout: PROBE_TIMEOUT_MS }, (response) => {
      response.resume();
      response.once('close', () => resolve(true));
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
  });
