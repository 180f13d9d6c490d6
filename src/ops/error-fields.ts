import { errorName } from '../errors.ts';
import type { LogFields } from './log.ts';

/** What may be logged of an error: class, code and HTTP status. Never its message or cause, which may quote
 *  what was sent or received. */
export function errorFields(error: unknown): LogFields {
  const { code, $metadata } = (typeof error === 'object' && error !== null ? error : {}) as {
    code?: unknown;
    $metadata?: { httpStatusCode?: number };
  };
  return {
    errorName: errorName(error),
    errorCode: typeof code === 'string' ? code : undefined,
    httpStatus: $metadata?.httpStatusCode,
  };
}
