/** Region, credentials and where the calls go. */
import { endpointOverrides } from '../aws-clients.ts';
import { errorName } from '../errors.ts';
import { toIso } from '../time.ts';
import { type Check, ok, trouble } from './check.ts';
import type { DoctorDeps } from './doctor-deps.ts';

async function checkRegion({ clients }: DoctorDeps): Promise<Check> {
  try {
    return ok('region', await clients.kinesis.config.region());
  } catch {
    return trouble('fail', 'region', {
      found: 'no AWS region is set',
      fix: 'set AWS_REGION, for example `export AWS_REGION=us-east-1`',
    });
  }
}

async function checkCredentials({ clients, clock }: DoctorDeps): Promise<Check> {
  try {
    const { expiration } = await clients.kinesis.config.credentials();
    if (expiration === undefined) return ok('credentials', 'found, and they do not expire');
    const endsAtMs = expiration.getTime();
    if (endsAtMs > clock.wallMs()) return ok('credentials', `found, and renewed before ${toIso(endsAtMs)}`);
    return trouble('fail', 'credentials', {
      found: `expired at ${toIso(endsAtMs)}`,
      fix: 'sign in again, or give the task a role',
    });
  } catch (error) {
    return trouble('fail', 'credentials', {
      found: `none found (${errorName(error)})`,
      fix: 'give the task a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; for local work any value will do',
    });
  }
}

/** An interface endpoint of a VPC is AWS too. */
const isAws = (host: string): boolean => /\.amazonaws\.com(\.cn)?(:\d+)?$/.test(host);

function checkEndpoints({ environment }: DoctorDeps): readonly Check[] {
  const overrides = endpointOverrides(environment);
  if (overrides.length === 0) return [ok('endpoint', 'AWS’s own')];
  return overrides.map(({ variable: subject, endpoint }) =>
    isAws(endpoint)
      ? ok('endpoint', `calls go to ${endpoint}`, { subject })
      : trouble('warn', 'endpoint', {
          subject,
          found: `calls go to ${endpoint}, not to AWS`,
          fix: `right for local work; else unset ${subject}`,
        }),
  );
}

export const checkSurroundings = async (deps: DoctorDeps): Promise<readonly Check[]> => [
  await checkRegion(deps),
  await checkCredentials(deps),
  ...checkEndpoints(deps),
];
