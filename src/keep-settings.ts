/** What is kept, and how long after its last write: settings of the tables whose items readers rely on. */
import * as z from 'zod';
import { PROJECTIONS } from './store/projection-names.ts';

const DAYS_MAX = 3650;

const keepDays = (items: string) => ({
  schema: z
    .string()
    .refine(
      (text) => /^\d{1,4}$/.test(text) && Number(text) <= DAYS_MAX,
      `must be a whole number from 0 to ${DAYS_MAX}`,
    )
    .transform(Number),
  default: '0',
  unit: 'days',
  text: `how long ${items} are kept after their last write; 0: for ever (docs/erasure.md)`,
});

const projections = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .pipe(
    z
      .array(z.enum(PROJECTIONS, { message: 'may list only sessions, sims and usage' }))
      .refine((list) => list.includes('sessions'), 'must list sessions: the others follow from them'),
  );

export const KEEP_SETTINGS = {
  projections: {
    schema: projections,
    default: 'sessions,sims,usage',
    unit: '',
    text: 'what is kept: sessions, the SIMs’ state (sims), usage by hour and day (usage); sessions always',
  },
  sessionKeepDays: keepDays('sessions'),
  usageKeepDays: keepDays('days of usage'),
  simKeepDays: keepDays('SIMs’ states'),
} as const;

/** Those of a number of days. */
export const KEEP_DAYS_NAMES = ['sessionKeepDays', 'usageKeepDays', 'simKeepDays'] as const;
