/** The browser's `time.ts`: the only file of the page that touches its clock and timers. */

/** Unit: ms since 1970. */
export const wallMs = (): number => Date.now();

export const isoOf = (epochMs: number): string => new Date(epochMs).toISOString();

/** Runs `task` after `ms`; returns what prevents it. */
export function after(ms: number, task: () => void): () => void {
  const timer = setTimeout(task, ms);
  return () => clearTimeout(timer);
}

/** Runs `task` every `ms`, for as long as the page is there. */
export const every = (ms: number, task: () => void): void => {
  setInterval(task, ms);
};

/** Runs `task` with the next picture. */
export const withNextPicture = (task: () => void): void => {
  requestAnimationFrame(() => task());
};

/** Unit: ms since 1970. */
export const epochMsOf = (iso: string): number => Date.parse(iso);
