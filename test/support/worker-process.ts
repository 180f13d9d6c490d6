import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** This file lies in `test/support`, or compiled one folder deeper (tsconfig.tools.json). */
const MAIN = ['../..', '../../..']
  .map((root) => join(import.meta.dirname, root, 'dist/main.js'))
  .find((path) => existsSync(path));

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliProcess {
  readonly child: ChildProcess;
  readonly done: Promise<Finished>;
  /** Everything printed so far, both streams. */
  output(): string;
}

/** A program that stands for `node dist/main.js`, and its first arguments, as a JSON array: such as the image's worker. */
const INSTEAD = process.env['METER_COMMAND'];

/** Starts the command line as a user would, with exactly this environment beside PATH and HOME. `main`: of another
 *  build than this one. */
export function startCli(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  main?: string,
): CliProcess {
  const [command = '', ...first] =
    INSTEAD && main === undefined
      ? (JSON.parse(INSTEAD) as string[])
      : [process.execPath, main ?? mainPath()];
  return startProcess(command, [...first, ...args], env);
}

export function mainPath(): string {
  if (!MAIN) throw new Error('dist/main.js is missing: npm run build');
  return MAIN;
}

export function startProcess(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): CliProcess {
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const done = new Promise<Finished>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, done, output: () => stdout + stderr };
}

export const runCli = (
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  main?: string,
): Promise<Finished> => startCli(args, env, main).done;

/** The last line of an output, read as JSON. */
export const lastJson = (text: string): Record<string, unknown> =>
  JSON.parse(text.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
