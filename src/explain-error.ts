import { classify, errorName, MeterError } from './errors.ts';

const ACCESS_DENIED = new Set([
  'AccessDeniedException',
  'AccessDenied',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'NotAuthorized',
]);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Turns what the SDK throws into a sentence that says what to do. `what` is what was being done. */
export function explain(error: unknown, what: string): MeterError {
  if (error instanceof MeterError) return error;
  const name = errorName(error);
  const cause = { cause: error };
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
