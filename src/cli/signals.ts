/** The signals that end a run, and the exit code of one that is repeated: 128 and the signal's number. */
export const SIGNALS = { SIGTERM: 143, SIGINT: 130 } as const;
