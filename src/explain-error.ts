import { classify, errorName, MeterError } from './errors.ts';
import { LeaseTableError } from './leases/index.ts';
import { ReaderError } from './reader/index.ts';

const ACCESS_DENIED = new Set([
  'AccessDeniedException',
  'AccessDenied',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'NotAuthorized',
]);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The lease library does not know our settings' names. */
function explainLeaseTable(error: LeaseTableError): MeterError {
  const more =
    error.problem === 'kcl3-fleet-alive'
      ? ' To run beside them all the same, set SUPERSIM_ALLOW_KCL3=true.'
      : '';
  return new MeterError(error.problem, error.message + more, { cause: error });
}

const FILE_ERRORS = new Set(['ENOENT', 'EISDIR', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS', 'ENOSPC']);

/** Turns what the SDK throws into a sentence that says what to do. `what` is what was being done; `missing` is
 *  the code for a stream or table that is not there. */
export function explain(
  error: unknown,
  what: string,
  missing: 'stream-missing' | 'table-missing' = 'table-missing',
): MeterError {
  if (error instanceof MeterError) return error;
  if (error instanceof LeaseTableError) return explainLeaseTable(error);
  const name = errorName(error);
  const cause = { cause: error };
  if (error instanceof ReaderError)
    return new MeterError(
      error.code === 'throttled' ? 'service-unreachable' : 'item-unreadable',
      error.message,
      cause,
    );
  const { code, path } = error as { code?: string; path?: string };
  if (code && FILE_ERRORS.has(code))
    return new MeterError(
      'usage',
      `The file ${path ?? ''} cannot be used (${code}) while ${what}. Check its path.`,
      cause,
    );
  if (name === 'ResourceNotFoundException')
    return new MeterError(
      missing,
      `The ${missing === 'stream-missing' ? 'stream' : 'table'} does not exist in this account and region (${what}). Check the name and AWS_REGION; for local work \`supersim-meter provision\` creates tables.`,
      cause,
    );
  if (messageOf(error).includes('Region is missing'))
    return new MeterError(
      'region-missing',
      'No AWS region is set. Set AWS_REGION, for example `export AWS_REGION=us-east-1`.',
      cause,
    );
  if (name === 'CredentialsProviderError')
    return new MeterError(
      'credentials-missing',
      `No AWS credentials were found while ${what}. Give the task a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. For local work any value will do.`,
      cause,
    );
  if (ACCESS_DENIED.has(name))
    return new MeterError(
      'access-denied',
      `AWS refused (${name}) while ${what}. Allow the action in the role’s policy, and check that the credentials are of the right account.`,
      cause,
    );
  if (classify(error) === 'retryable')
    return new MeterError(
      'service-unreachable',
      `AWS could not be reached (${name}) while ${what}. Check the network and, if AWS_ENDPOINT_URL… is set, that the engine runs there (\`supersim-meter local\`).`,
      cause,
    );
  return new MeterError('invariant-broken', `Unexpected ${name} while ${what}: ${messageOf(error)}`, cause);
}
