/** The streams: there, active, kept long enough, encrypted. */
import type { StreamDescriptionSummary } from '@aws-sdk/client-kinesis';
import type { Config } from '../config.ts';
import { KinesisReader } from '../source/kinesis-reader.ts';
import { type Check, ok, trouble } from './check.ts';
import type { DoctorDeps, StreamFacts } from './doctor-deps.ts';
import { describeRefusal, fixFor, refusalOf } from './refusals.ts';

const HOUR_MS = 3_600_000;
/** The longest outage of Kinesis so far took 17 hours, and a weekend has 60. */
const RETENTION_HOURS_MIN = 72;
const HOURS_PER_DAY = 24;

const NEVER = new AbortController().signal;

export interface StreamFinding {
  readonly checks: readonly Check[];
  /** Undefined when it could not be described. */
  readonly facts: StreamFacts | undefined;
}

function checkStatus(subject: string, summary: Partial<StreamDescriptionSummary>): Check {
  const { StreamStatus: status = 'unknown', StreamModeDetails: mode, OpenShardCount: shards = 0 } = summary;
  const found = `${status}, ${(mode?.StreamMode ?? 'PROVISIONED').toLowerCase().replace('_', '-')}, ${shards} open shard${shards === 1 ? '' : 's'}`;
  // A stream that is being resharded or re-encrypted can be read.
  if (status === 'ACTIVE' || status === 'UPDATING') return ok('stream', found, { subject });
  return trouble('fail', 'stream', {
    subject,
    found,
    fix: 'wait until it is ACTIVE, or correct SUPERSIM_STREAM',
  });
}

function checkRetention(subject: string, hours: number, { dedupHorizonDays }: Config): Check {
  if (hours < RETENTION_HOURS_MIN)
    return trouble('warn', 'retention', {
      subject,
      found: `${hours} h: what is not read within that is lost`,
      fix: `aws kinesis increase-stream-retention-period --stream-name ${subject} --retention-period-hours 168`,
    });
  if (hours > dedupHorizonDays * HOURS_PER_DAY)
    return trouble('warn', 'retention', {
      subject,
      found: `${hours} h, longer than event ids are remembered (${dedupHorizonDays} days): what is read again after that counts twice`,
      fix: `set SUPERSIM_DEDUP_HORIZON_DAYS to more than ${Math.ceil(hours / HOURS_PER_DAY)}`,
    });
  return ok('retention', `${hours} h`, { subject });
}

const checkEncryption = (
  subject: string,
  { EncryptionType: type, KeyId }: Partial<StreamDescriptionSummary>,
): Check =>
  type === 'KMS'
    ? ok('encryption', `KMS, key ${KeyId ?? 'alias/aws/kinesis'}`, { subject })
    : trouble('warn', 'encryption', {
        subject,
        found: 'records are not encrypted at rest; they hold IMSIs, addresses and locations',
        fix: `aws kinesis start-stream-encryption --stream-name ${subject} --encryption-type KMS --key-id alias/aws/kinesis`,
      });

function checkRefusal(subject: string, error: unknown): Check {
  const refusal = refusalOf(error);
  if (refusal === 'missing')
    return trouble('fail', 'stream', {
      subject,
      found: 'there is no such stream in this account and region',
      fix: 'create it, or correct SUPERSIM_STREAM or AWS_REGION',
    });
  if (refusal === 'denied')
    return trouble('fail', 'stream', {
      subject,
      found: 'the role may not describe it',
      fix: `allow kinesis:DescribeStreamSummary on the stream ${subject}`,
    });
  return trouble('fail', 'stream', { subject, found: describeRefusal(error), fix: fixFor(error) });
}

export async function checkStream(
  { clients, clock, config }: DoctorDeps,
  stream: string,
): Promise<StreamFinding> {
  try {
    const summary = await new KinesisReader(clients.kinesis, clock).describeStream(stream, NEVER);
    const hours = summary.RetentionPeriodHours ?? 0;
    return {
      checks: [
        checkStatus(stream, summary),
        checkRetention(stream, hours, config),
        checkEncryption(stream, summary),
      ],
      facts: {
        stream,
        arn: summary.StreamARN ?? '',
        retentionMs: hours * HOUR_MS,
        createdAtMs: summary.StreamCreationTimestamp?.getTime(),
        keyId: summary.KeyId,
      },
    };
  } catch (error) {
    return { checks: [checkRefusal(stream, error)], facts: undefined };
  }
}
