import { SIGNALS } from './signals.ts';

/** For commands that work through much: the first signal lets what is under way finish, the second ends at once.
 *  Listens for as long as the process lives. */
export function stopOnSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const [signal, exitCode] of Object.entries(SIGNALS))
    process.on(signal, () => {
      if (stopping.signal.aborted) process.exit(exitCode);
      process.stderr.write('stopping after what is under way; a second signal ends at once\n');
      stopping.abort();
    });
  return stopping.signal;
}
