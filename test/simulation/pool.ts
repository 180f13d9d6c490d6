/** Runs seeds in child processes.
 *
 *    parent ──seeds, a few at a time──► child ──report of each──► parent */
import { type ChildProcess, fork } from 'node:child_process';
import type { SeedReport } from './world.ts';

/** Seeds handed to a child in one go. */
const BATCH = 5;

export interface PoolOptions {
  readonly from: number;
  readonly seeds: number;
  /** Processes. */
  readonly jobs: number;
  /** What a child runs: `main.js`, or that of a copy with a planted bug. */
  readonly mainFile: string;
}

/** Runs the seeds; `onReport` is told of each, in no order, and may end it all early by 'enough'. */
export async function runSeeds(
  { from, seeds, jobs, mainFile }: PoolOptions,
  onReport: (report: SeedReport) => 'enough' | undefined,
): Promise<void> {
  const end = from + seeds;
  let next = from;
  const take = (): number[] => {
    const batch = Array.from({ length: Math.max(0, Math.min(BATCH, end - next)) }, (_, at) => next + at);
    next += batch.length;
    return batch;
  };
  const children: ChildProcess[] = [];
  let isEnough = false;
  const runChild = async (): Promise<void> => {
    const child = fork(mainFile, ['--child'], { stdio: ['ignore', 2, 2, 'ipc'] });
    children.push(child);
    const feed = (): void => {
      const batch = take();
      if (batch.length === 0) child.disconnect();
      else child.send(batch);
    };
    child.on('message', (message: SeedReport | 'next') => {
      if (isEnough) return;
      if (message === 'next') feed();
      else if (onReport(message) === 'enough') {
        isEnough = true;
        for (const each of children) each.kill('SIGKILL');
      }
    });
    const ended = new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) =>
        code === 0 || isEnough ? resolve() : reject(new Error(`a child ended with ${code ?? signal}`)),
      );
    });
    feed();
    await ended;
  };
  await Promise.all(Array.from({ length: Math.min(jobs, seeds) }, runChild));
}

/** A child's side. */
export function serveSeeds(run: (seed: number) => Promise<SeedReport>): void {
  process.on('message', async (batch: readonly number[]) => {
    const tell = (message: SeedReport | 'next'): void => {
      if (process.connected) process.send?.(message);
    };
    for (const seed of batch) tell(await run(seed));
    tell('next');
  });
}
