/** What is kept of the events, beside what was refused. */
export const PROJECTIONS = ['sessions', 'sims', 'usage'] as const;
export type Projection = (typeof PROJECTIONS)[number];
