import { errorName } from '../errors.ts';
import { explain } from '../explain-error.ts';

/** Why a read failed, in words that quote nothing of what was read. */
export function problemOf(error: unknown, what: string): string {
  const { code, message } = explain(error, what);
  return code === 'invariant-broken' ? `Unexpected ${errorName(error)} while ${what}.` : message;
}

/** A read that is given up is an outage like others. Unit: ms. */
export const READ_WITHIN_MS = 4_000;
