/** Ends a live view: q, Ctrl-C, or a signal. */
import { SIGNALS } from './signals.ts';

const CTRL_C = '\u0003';

export interface EndKeys {
  readonly signal: AbortSignal;
  /** Gives the terminal back as it was. */
  close(): void;
}

/** Listens on standard input if that is a terminal. */
export function listenForEnd(): EndKeys {
  const ending = new AbortController();
  const { stdin } = process;
  const end = (): void => ending.abort();
  const onKey = (key: Buffer): void => {
    if (['q', 'Q', CTRL_C].includes(key.toString('utf8'))) end();
  };
  for (const signal of Object.keys(SIGNALS)) process.once(signal, end);
  if (stdin.isTTY) {
    stdin.setRawMode(true);
    stdin.on('data', onKey);
  }
  return {
    signal: ending.signal,
    close: () => {
      for (const signal of Object.keys(SIGNALS)) process.off(signal, end);
      if (!stdin.isTTY) return;
      stdin.off('data', onKey);
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
}
