/** A process of the supervisor's, forked from this program. */
import { fork } from 'node:child_process';
import type { FromProcess, ToProcess } from './messages.ts';

/** How a process ended: by exit code or signal, or without having been made at all. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface ForkedProcess {
  readonly pid: number | undefined;
  readonly exited: Promise<Exit>;
  /** Nothing happens when it cannot be told any more: its end is what counts then. */
  send(message: ToProcess): void;
  /** kill -9. */
  kill(): void;
}

/** Starts the process of that number, counted from 1. */
export type Fork = (process: number, onMessage: (message: FromProcess) => void) => ForkedProcess;

/** Forks this program's main file. Both outputs are ours: they stay when we are gone, so that a process can end in
 *  good order after us. */
export const forkMain =
  (mainFile: string, argsOf: (process: number) => readonly string[]): Fork =>
  (process, onMessage) => {
    const child = fork(mainFile, [...argsOf(process)], {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child.on('message', (message) => onMessage(message as FromProcess));
    return {
      pid: child.pid,
      exited: new Promise((resolve) => {
        child.once('exit', (code, signal) => resolve({ code, signal }));
        // No process was made (EAGAIN, ENOMEM). A failed message is no end.
        child.once('error', () => child.pid === undefined && resolve({ code: null, signal: null }));
        child.on('error', () => undefined);
      }),
      send: (message) => {
        if (child.connected) child.send(message, () => undefined);
      },
      kill: () => void child.kill('SIGKILL'),
    };
  };
