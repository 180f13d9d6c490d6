/** The four kinds of error (docs/errors in README); decided here and nowhere else. */
export type ErrorKind = 'retryable' | 'expired-iterator' | 'aborted' | 'fatal';

const RETRYABLE_NAMES = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'Throttling',
  'RequestLimitExceeded',
  'LimitExceededException',
  'TransactionInProgressException',
  'TransactionConflictException',
  'InternalFailureException',
  'InternalServerError',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'ExpiredNextTokenException',
  'ResourceInUseException',
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  // Credentials come back by themselves (ECS endpoint, role rotation): keep the lease and wait.
  'CredentialsProviderError',
  'ExpiredTokenException',
  'ExpiredToken',
  'RequestExpired',
]);

// Source: Node's system errors and the codes that the SDK itself calls transient.
const RETRYABLE_CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EMFILE',
  'ERR_HTTP2_STREAM_ERROR',
  'ERR_HTTP2_SESSION_ERROR',
  'ERR_HTTP2_GOAWAY_SESSION',
]);

interface SdkLikeError {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $fault?: 'client' | 'server';
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $retryable?: { readonly throttling?: boolean };
}

const asSdkError = (error: unknown): SdkLikeError =>
  typeof error === 'object' && error !== null ? (error as SdkLikeError) : {};

/** Say nothing: a connection that is refused is one of them, with a code. */
const NAMELESS = new Set(['Error', 'AggregateError']);

/** The error's class name, or the code of one whose class says nothing; safe to log: never its message, which may
 *  quote input. */
export function errorName(error: unknown): string {
  const { name = typeof error, code } = asSdkError(error);
  return NAMELESS.has(name) && typeof code === 'string' ? code : name;
}

/** The service itself answered with it: neither the connection nor we failed. */
export const isFromService = (error: unknown): boolean => asSdkError(error).$fault !== undefined;

/** Decides what an error means. Unknown errors are fatal: never retried, never treated as success. */
export function classify(error: unknown): ErrorKind {
  const { name = '', code = '', $fault, $metadata, $retryable } = asSdkError(error);
  if (error instanceof MeterError) return error.kind;
  if (name === 'AbortError') return 'aborted';
  if (name === 'ExpiredIteratorException') return 'expired-iterator';
  if (RETRYABLE_NAMES.has(name) || RETRYABLE_CODES.has(code) || $retryable) return 'retryable';
  // The key is an operator's matter: keep the lease and wait until it works again.
  if (name.startsWith('KMS')) return 'retryable';
  if ($fault === 'server' || ($metadata?.httpStatusCode ?? 0) >= 500) return 'retryable';
  // A truncated answer fails to parse inside the SDK, which does not retry it.
  if (name === 'SyntaxError' && $metadata !== undefined) return 'retryable';
  return 'fatal';
}

/** Throttled rather than broken: the caller should slow down, not only repeat. */
export const isThrottle = (error: unknown): boolean => {
  const { name = '', $retryable } = asSdkError(error);
  return /Throttl|LimitExceeded|ThroughputExceeded/.test(name) || $retryable?.throttling === true;
};

/** The codes of our own errors. Never reused; each is explained in the README. */
export const ERROR_CODES = [
  'config-invalid',
  'region-missing',
  'credentials-missing',
  'access-denied',
  'service-unreachable',
  'stream-missing',
  'table-missing',
  'table-mismatch',
  'engine-missing',
  'port-in-use',
  'not-found',
  'usage',
  'invariant-broken',
  'position-refused',
  'consumer-limit',
  'stream-recreated',
  'lease-table-mode',
  'kcl3-fleet-alive',
  'lease-held',
  'lease-exists',
  'lease-changed',
  'file-invalid',
  'batch-writes-refused',
  'item-unreadable',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error with a code and a message that says what to do. */
export class MeterError extends Error {
  override readonly name = 'MeterError';
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  constructor(code: ErrorCode, message: string, options: { kind?: ErrorKind; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.kind = options.kind ?? 'fatal';
  }
}
