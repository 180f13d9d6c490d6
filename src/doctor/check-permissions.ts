/** Every action that the worker's role needs, one by one. */
import {
  DescribeStreamConsumerCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import { tableNames } from '../store/tables.ts';
import { type Attempt, subjectOf, tryAction } from './attempt.ts';
import { type Check, ok, skipped } from './check.ts';
import type { DoctorDeps, StreamFacts, TableFacts } from './doctor-deps.ts';
import { insertAttempt, type TableAction, tableAttempt } from './table-attempts.ts';

/** Reading: the shards, then an iterator of one, then a record by it. What cannot be tried for want of the one
 *  before is skipped. */
export async function checkReading(
  { clients, config }: DoctorDeps,
  facts: StreamFacts,
): Promise<readonly Check[]> {
  const { kinesis } = clients;
  const { stream: StreamName, arn: resource } = facts;
  const found: { shard?: string | undefined; iterator?: string | undefined } = {};
  const steps: readonly (Attempt & { readonly canRun?: () => boolean })[] = [
    {
      action: 'kinesis:ListShards',
      resource,
      run: async () => {
        const { Shards } = await kinesis.send(new ListShardsCommand({ StreamName, MaxResults: 1 }));
        found.shard = Shards?.[0]?.ShardId;
      },
    },
    {
      action: 'kinesis:GetShardIterator',
      resource,
      canRun: () => found.shard !== undefined,
      run: async () => {
        const place = { ShardId: found.shard, ShardIteratorType: 'LATEST' } as const;
        const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand({ StreamName, ...place }));
        found.iterator = ShardIterator;
      },
    },
    {
      action: 'kinesis:GetRecords',
      resource,
      canRun: () => found.iterator !== undefined,
      run: () => kinesis.send(new GetRecordsCommand({ ShardIterator: found.iterator, Limit: 1 })),
    },
  ];
  const checks = [
    ok('permission', 'allowed', {
      subject: subjectOf({ action: 'kinesis:DescribeStreamSummary', resource }),
    }),
  ];
  for (const { canRun = () => true, ...attempt } of steps)
    checks.push(
      canRun()
        ? await tryAction(attempt)
        : skipped('permission', 'not tried: the action before it failed', { subject: subjectOf(attempt) }),
    );
  return config.fanOutConsumer === ''
    ? checks
    : [...checks, ...(await checkFanOut(kinesis, config.fanOutConsumer, facts))];
}

async function checkFanOut(
  kinesis: DoctorDeps['clients']['kinesis'],
  ConsumerName: string,
  { arn }: StreamFacts,
): Promise<readonly Check[]> {
  const described = await tryAction({
    action: 'kinesis:DescribeStreamConsumer',
    resource: arn,
    run: () => kinesis.send(new DescribeStreamConsumerCommand({ StreamARN: arn, ConsumerName })),
  });
  const untried = ['kinesis:RegisterStreamConsumer', 'kinesis:SubscribeToShard'].map((action) =>
    skipped('permission', 'not tried: a try would register a consumer, or end a worker’s subscription', {
      subject: subjectOf({ action, resource: arn }),
    }),
  );
  // A consumer that no worker registered yet is "missing", which took the permission to say.
  const isNew = described.status === 'skipped';
  return [
    isNew
      ? ok('permission', 'allowed; the first worker registers the consumer', {
          subject: described.subject ?? '',
        })
      : described,
    ...untried,
  ];
}

const LEASE_ACTIONS: readonly TableAction[] = ['Scan', 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'];

/** Inserts can be tried only with an update that fails, so only where that is allowed. */
async function checkInsert(
  { clients }: DoctorDeps,
  table: TableFacts,
  sessions: TableFacts | undefined,
): Promise<Check> {
  const attempt = insertAttempt(clients, table, sessions ?? table);
  return sessions
    ? tryAction(attempt)
    : skipped('permission', 'can be tried only where PartiQLUpdate works on the sessions table', {
        subject: subjectOf(attempt),
      });
}

/** Where sessions can be updated by statements, if anywhere. */
export async function findUpdatable(
  { clients, config }: DoctorDeps,
  tables: readonly TableFacts[],
): Promise<TableFacts | undefined> {
  const sessions = tables.find(({ definition }) => definition.name === tableNames(config).sessions);
  if (!sessions || config.writeMode === 'put') return undefined;
  return (await tryAction(tableAttempt(clients, sessions, 'PartiQLUpdate'))).status === 'ok'
    ? sessions
    : undefined;
}

/** Writes of sessions, SIMs, usage and pages: by statements if that may be, else put by put. Pages never change. */
async function checkWriting(
  deps: DoctorDeps,
  table: TableFacts,
  updatable: TableFacts | undefined,
): Promise<readonly Check[]> {
  const { clients, config } = deps;
  const { writeMode } = config;
  const put = (): Promise<Check> => tryAction(tableAttempt(clients, table, 'PutItem'));
  if (writeMode === 'put') return [await put()];
  const isChanged = table.definition.name !== tableNames(config).dedup;
  const statements = [
    await checkInsert(deps, table, updatable),
    ...(isChanged ? [await tryAction(tableAttempt(clients, table, 'PartiQLUpdate'))] : []),
  ];
  if (writeMode === 'batch' || statements.every(({ status }) => status === 'ok')) return statements;
  // Put by put it works too, at ten times the CPU: worth a warning.
  const fallback = await put();
  const isEnough = fallback.status === 'ok';
  return [
    ...statements.map((check) =>
      isEnough && check.status === 'fail' ? { ...check, status: 'warn' as const } : check,
    ),
    fallback,
  ];
}

export async function checkOnTable(
  deps: DoctorDeps,
  table: TableFacts,
  updatable: TableFacts | undefined,
): Promise<readonly Check[]> {
  const { leases, deadLetters, dedup } = tableNames(deps.config);
  const { name } = table.definition;
  const all = (actions: readonly TableAction[]): Promise<readonly Check[]> =>
    Promise.all(actions.map((action) => tryAction(tableAttempt(deps.clients, table, action))));
  if (name === leases) return all(LEASE_ACTIONS);
  if (name === deadLetters) return all(['PutItem']);
  const reading: readonly TableAction[] = name === dedup ? ['BatchGetItem', 'Query'] : ['BatchGetItem'];
  return [...(await all(reading)), ...(await checkWriting(deps, table, updatable))];
}
