/** How session items are written. See `chooseWriter`. */
export const WRITE_MODES = ['auto', 'batch', 'put'] as const;
export type WriteMode = (typeof WRITE_MODES)[number];
