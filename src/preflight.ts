import { DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis';
import type { AwsClients } from './aws-clients.ts';
import { type Config, streamsOf } from './config.ts';
import { errorName, MeterError } from './errors.ts';
import { explain } from './explain-error.ts';
import { tableDefinitions, verifyTables } from './store/tables.ts';

type PreflightConfig = Pick<Config, 'stream' | 'application' | 'tablePrefix'> &
  Partial<Pick<Config, 'projections'>>;

/** Looks before leaping: region, credentials, stream and tables. Nothing is created.
 *  @throws MeterError with one sentence per problem and what to do. */
export async function preflight(
  clients: AwsClients,
  { stream, application, tablePrefix, projections }: PreflightConfig,
): Promise<void> {
  for (const name of streamsOf({ stream })) await verifyStream(clients, name);
  const naming = { application, tablePrefix, ...(projections ? { projections } : {}) };
  const problems = await verifyTables(clients.dynamodb, tableDefinitions(naming)).catch((error: unknown) => {
    throw explain(error, 'looking at the tables');
  });
  if (problems.length === 0) return;
  throw new MeterError(
    problems.some(({ kind }) => kind === 'mismatch') ? 'table-mismatch' : 'table-missing',
    `The tables are not ready:\n${problems.map(({ message }) => `  - ${message}`).join('\n')}\nCreate them with your infrastructure code, or for local work with \`supersim-meter provision --application ${application} --table-prefix ${tablePrefix}\`.`,
  );
}

async function verifyStream(clients: AwsClients, stream: string): Promise<void> {
  try {
    await clients.kinesis.send(new DescribeStreamSummaryCommand({ StreamName: stream }));
  } catch (error) {
    if (errorName(error) !== 'ResourceNotFoundException')
      throw explain(error, `looking at stream "${stream}"`);
    throw new MeterError(
      'stream-missing',
      `There is no stream "${stream}" in this account and region. Create it, or check SUPERSIM_STREAM and AWS_REGION.`,
      { cause: error },
    );
  }
}
