/** What an error says about a call that was tried. Pure. */
import { classify, errorName } from '../errors.ts';

const DENIED = new Set(['AccessDeniedException', 'AccessDenied', 'NotAuthorized']);

const INVALID_CREDENTIALS = new Set([
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'IncompleteSignature',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'InvalidSignatureException',
  'ExpiredTokenException',
  'ExpiredToken',
]);

/** Errors of a write whose condition cannot hold: it was allowed, and nothing was stored. */
const HARMLESS = new Set(['ConditionalCheckFailedException', 'TransactionConflictException']);

/** A transaction is cancelled by the statement that cannot hold, unless a reason says that one was not allowed. */
const isDeniedInTransaction = (error: unknown): boolean =>
  ((error as { CancellationReasons?: readonly { Code?: string }[] }).CancellationReasons ?? []).some(
    ({ Code }) => Code === 'AccessDenied',
  );

export type Refusal =
  /** It was allowed and could not do anything. */
  | 'allowed'
  | 'denied'
  /** The stream's key may not be used. */
  | 'key-denied'
  | 'invalid-credentials'
  | 'missing'
  /** An embedded engine that lacks the operation. */
  | 'unknown-operation'
  | 'unreachable'
  | 'other';

export function refusalOf(error: unknown): Refusal {
  const name = errorName(error);
  if (name === 'TransactionCanceledException') return isDeniedInTransaction(error) ? 'denied' : 'allowed';
  if (HARMLESS.has(name)) return 'allowed';
  if (DENIED.has(name)) return 'denied';
  if (INVALID_CREDENTIALS.has(name)) return 'invalid-credentials';
  if (name.startsWith('KMS')) return 'key-denied';
  if (name === 'ResourceNotFoundException') return 'missing';
  if (name === 'UnknownOperationException') return 'unknown-operation';
  return classify(error) === 'retryable' ? 'unreachable' : 'other';
}

/** `unreachable (ECONNREFUSED)`, for what a check found. */
export function describeRefusal(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  const name = typeof code === 'string' ? code : errorName(error);
  const refusal = refusalOf(error);
  if (refusal === 'unreachable') return `could not be asked (${name})`;
  if (refusal === 'invalid-credentials') return `AWS does not accept the credentials (${name})`;
  return `was answered with ${name}`;
}

/** What to do about an answer that has no more particular advice. */
export function fixFor(error: unknown): string {
  const refusal = refusalOf(error);
  if (refusal === 'unreachable')
    return 'check the network and, if AWS_ENDPOINT_URL… is set, that an engine runs there';
  if (refusal === 'invalid-credentials')
    return 'give the task a role, or set valid credentials of the right account';
  return 'look the error up in the AWS reference of that call, and try again';
}
