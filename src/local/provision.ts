/** Creates the stream and the tables for local work. Safe to repeat. */
import {
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';
import { errorName, MeterError } from '../errors.ts';
import { createTableInput, type TableDefinition, verifyTables } from '../store/tables.ts';
import { type Clock, systemClock } from '../time.ts';

const LOOK_EVERY_MS = 50;
const ACTIVE_WITHIN_MS = 30_000;

async function untilActive(
  what: string,
  status: () => Promise<string | undefined>,
  clock: Clock,
): Promise<void> {
  const deadlineMs = clock.monotonicMs() + ACTIVE_WITHIN_MS;
  while ((await status()) !== 'ACTIVE') {
    if (clock.monotonicMs() > deadlineMs)
      throw new MeterError(
        'service-unreachable',
        `${what} did not become active within ${ACTIVE_WITHIN_MS / 1000} s.`,
      );
    await clock.sleep(LOOK_EVERY_MS);
  }
}

const unless =
  (expected: readonly string[]) =>
  (error: unknown): undefined => {
    if (!expected.includes(errorName(error))) throw error;
    return undefined;
  };

async function provisionTable(
  client: DynamoDBClient,
  definition: TableDefinition,
  clock: Clock,
): Promise<void> {
  await client
    .send(new CreateTableCommand(createTableInput(definition)))
    .catch(unless(['ResourceInUseException']));
  await untilActive(
    `Table ${definition.name}`,
    async () =>
      (await client.send(new DescribeTableCommand({ TableName: definition.name }))).Table?.TableStatus,
    clock,
  );
  if (definition.ttlAttribute) await enableTtl(client, definition.name, definition.ttlAttribute);
}

/** Some engines know no TTL; one that is on already is refused, and must be on for the right attribute.
 *  @throws MeterError `table-mismatch` */
async function enableTtl(client: DynamoDBClient, table: string, attribute: string): Promise<void> {
  const specification = { Enabled: true, AttributeName: attribute };
  try {
    await client.send(
      new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification: specification }),
    );
  } catch (error) {
    if (errorName(error) === 'UnknownOperationException') return;
    if (errorName(error) !== 'ValidationException') throw error;
    const answer = await client.send(new DescribeTimeToLiveCommand({ TableName: table }));
    const found = answer.TimeToLiveDescription;
    if (found?.AttributeName === attribute) return;
    throw new MeterError(
      'table-mismatch',
      `table "${table}" expires its items by ${found?.AttributeName ?? '(nothing)'}, expected ${attribute}`,
      { cause: error },
    );
  }
}

/** Creates what is missing and leaves what is there as it is.
 *  @throws MeterError `table-mismatch` when a table exists in another shape. */
export async function provisionTables(
  client: DynamoDBClient,
  definitions: readonly TableDefinition[],
  clock: Clock = systemClock,
): Promise<void> {
  for (const definition of definitions) await provisionTable(client, definition, clock);
  const problems = await verifyTables(client, definitions);
  if (problems.length > 0)
    throw new MeterError('table-mismatch', problems.map(({ message }) => message).join('\n'));
}

/** Creates the stream unless it exists; an existing one keeps its shards. */
export async function provisionStream(
  client: KinesisClient,
  { stream, shards }: { readonly stream: string; readonly shards: number },
  clock: Clock = systemClock,
): Promise<void> {
  await client
    .send(new CreateStreamCommand({ StreamName: stream, ShardCount: shards }))
    .catch(unless(['ResourceInUseException']));
  await untilActive(
    `Stream ${stream}`,
    async () =>
      (await client.send(new DescribeStreamSummaryCommand({ StreamName: stream }))).StreamDescriptionSummary
        ?.StreamStatus,
    clock,
  );
}
