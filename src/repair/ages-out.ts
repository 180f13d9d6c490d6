/** Where an erased SIM still is, outside our tables, and for how long. */
import { DescribeStreamSummaryCommand, type KinesisClient } from '@aws-sdk/client-kinesis';
import { errorName } from '../errors.ts';

export interface AgesOut {
  readonly where: string;
  readonly until: string;
}

const ELSEWHERE: readonly AgesOut[] = [
  {
    where: 'point-in-time recovery of the tables',
    until: 'up to 35 days, where it is on; a restored table needs this command again',
  },
  { where: 'backups and exports of the tables', until: 'somebody deletes them' },
  { where: 'DynamoDB Streams of the tables', until: '24 hours, where they are on' },
  {
    where: 'memory of running workers',
    until: 'the SIM’s next event, other sessions’ traffic, or their end',
  },
  { where: 'logs and metrics', until: 'nothing to wait for: they name no SIM' },
  {
    where: 'whoever read the tables before',
    until: 'told to forget: change events say that items were removed',
  },
];

/** Says it in full also where we may not look at the stream. */
export async function agesOut(
  kinesis: Pick<KinesisClient, 'send'>,
  streams: readonly string[],
): Promise<AgesOut[]> {
  const ofStreams = await Promise.all(
    streams.map(async (stream) => ({ where: `stream "${stream}"`, until: await retention(kinesis, stream) })),
  );
  return [...ofStreams, ...ELSEWHERE];
}

async function retention(kinesis: Pick<KinesisClient, 'send'>, stream: string): Promise<string> {
  const command = new DescribeStreamSummaryCommand({ StreamName: stream });
  try {
    const { StreamDescriptionSummary: summary } = await kinesis.send(command);
    return `${summary?.RetentionPeriodHours ?? '?'} hours after each record; a replay ignores its events`;
  } catch (error) {
    return `its retention, which cannot be read (${errorName(error)}); a replay ignores its events`;
  }
}
