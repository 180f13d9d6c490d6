/** How often what goes wrong between a worker and its services. */
import type { FaultRates } from '../support/fault-plan.ts';

const COMMON = {
  'drop-request': 0.002,
  'cut-answer': 0.002,
  delay: 0.005,
  'error-500': 0.002,
  throttle: 0.004,
  'truncate-answer': 0.002,
  'hold-and-apply': 0.001,
} as const;

/** Writes whose fate their caller does not know are what a protocol breaks on: they get the most of it. */
export const TORTURE_RATES: FaultRates = {
  '*': COMMON,
  BatchExecuteStatement: {
    ...COMMON,
    'cut-answer': 0.006,
    'truncate-answer': 0.003,
    'hold-and-apply': 0.004,
  },
  PutItem: { ...COMMON, 'cut-answer': 0.006, 'truncate-answer': 0.003, 'hold-and-apply': 0.004 },
  UpdateItem: {
    ...COMMON,
    'drop-request': 0.005,
    'cut-answer': 0.012,
    delay: 0.01,
    'truncate-answer': 0.004,
    'hold-and-apply': 0.008,
  },
};
