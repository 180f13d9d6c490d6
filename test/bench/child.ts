/** Processes of the benchmark, each kept on one core where the system can do that. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const hasTaskset = ((): boolean => {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return process.platform === 'linux';
  } catch {
    return false;
  }
})();

export const isPinned = hasTaskset && availableParallelism() > 1;

export interface ChildOptions {
  /** Which core, counted from 0. */
  readonly core: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a file beside this one; `argument` arrives as JSON. */
export function startChild(file: string, argument: unknown, { core, env }: ChildOptions): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url));
  return fork(path, [JSON.stringify(argument)], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { PATH: process.env['PATH'], AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', ...env },
    // `fork` puts `execArgv` before the file: taskset's arguments, and then the program that it is to start.
    ...(isPinned
      ? { execPath: 'taskset', execArgv: ['-c', String(core), process.execPath, ...process.execArgv] }
      : {}),
  });
}

/** The child's next message. @throws when it ends without one. */
export function messageOf<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as T));
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`a process of the benchmark ended too early: ${signal ?? code}`)),
    );
  });
}

export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
  });
}
