/** The tables: there, of the right shape, expiring what is to expire, and backed up. */
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { compareTable, type TableDefinition, tableDefinitions, tableNames } from '../store/tables.ts';
import { type Check, ok, skipped, trouble } from './check.ts';
import type { DoctorDeps, TableFacts } from './doctor-deps.ts';
import { describeRefusal, fixFor, refusalOf } from './refusals.ts';

export interface TableFinding {
  readonly checks: readonly Check[];
  /** Undefined when it is not there, or cannot be described. */
  readonly facts: TableFacts | undefined;
}

type Client = DoctorDeps['clients']['dynamodb'];

function checkRefusal(subject: string, error: unknown): Check {
  const refusal = refusalOf(error);
  if (refusal === 'missing')
    return trouble('fail', 'table', {
      subject,
      found: 'there is no such table in this account and region',
      fix: 'deploy it with your infrastructure code (for local work `supersim-meter provision`), or correct SUPERSIM_TABLE_PREFIX, SUPERSIM_APPLICATION or AWS_REGION',
    });
  if (refusal === 'denied')
    return trouble('fail', 'table', {
      subject,
      found: 'the role may not describe it',
      fix: `allow dynamodb:DescribeTable on the table ${subject}`,
    });
  return trouble('fail', 'table', { subject, found: describeRefusal(error), fix: fixFor(error) });
}

/** Tables and indexes that change can be used all the same. */
const USABLE = new Set<string | undefined>(['ACTIVE', 'UPDATING', undefined]);

/** What of a table's description keeps it from being used. */
function shapeTrouble(definition: TableDefinition, table: TableDescription): Check | undefined {
  const subject = definition.name;
  const [mismatch] = compareTable(definition, table);
  if (mismatch)
    return trouble('fail', 'table', {
      subject,
      found: mismatch.message,
      fix: 'create the index, if that is what differs; a key cannot be changed: choose another SUPERSIM_TABLE_PREFIX or SUPERSIM_APPLICATION',
    });
  const states = [
    table.TableStatus,
    ...(table.GlobalSecondaryIndexes ?? []).map(({ IndexStatus }) => IndexStatus),
  ];
  const odd = states.find((state) => !USABLE.has(state));
  return odd === undefined
    ? undefined
    : trouble('fail', 'table', {
        subject,
        found: `it or an index of it is ${odd}`,
        fix: 'wait until it is ACTIVE',
      });
}

async function checkShape(client: Client, definition: TableDefinition): Promise<TableFinding> {
  const { name: subject, key, indexes } = definition;
  try {
    const { Table: table = {} } = await client.send(new DescribeTableCommand({ TableName: subject }));
    const found = shapeTrouble(definition, table);
    if (found) return { checks: [found], facts: undefined };
    const names = Object.keys(indexes);
    const more = names.length > 0 ? `, indexes ${names.join(', ')}` : '';
    return {
      checks: [ok('table', `key ${key.join(' + ')}${more}`, { subject })],
      facts: { definition, arn: table.TableArn ?? '' },
    };
  } catch (error) {
    return { checks: [checkRefusal(subject, error)], facts: undefined };
  }
}

async function checkTtl(
  client: Client,
  { name: subject, ttlAttribute }: TableDefinition,
): Promise<Check | undefined> {
  if (ttlAttribute === undefined) return undefined;
  const fix = `aws dynamodb update-time-to-live --table-name ${subject} --time-to-live-specification Enabled=true,AttributeName=${ttlAttribute}`;
  try {
    const { TimeToLiveDescription: ttl } = await client.send(
      new DescribeTimeToLiveCommand({ TableName: subject }),
    );
    const isOn = ttl?.TimeToLiveStatus === 'ENABLED' || ttl?.TimeToLiveStatus === 'ENABLING';
    if (isOn && ttl?.AttributeName === ttlAttribute) return ok('ttl', `on ${ttlAttribute}`, { subject });
    const found = isOn
      ? `items expire by ${ttl?.AttributeName}, not by ${ttlAttribute}`
      : `nothing expires: the table grows for ever`;
    return trouble(isOn ? 'fail' : 'warn', 'ttl', { subject, found, fix });
  } catch (error) {
    return notTold('ttl', subject, error, 'dynamodb:DescribeTimeToLive');
  }
}

async function checkBackup(client: Client, subject: string): Promise<Check> {
  try {
    const answer = await client.send(new DescribeContinuousBackupsCommand({ TableName: subject }));
    const status =
      answer.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus;
    if (status === 'ENABLED') return ok('backup', 'point-in-time recovery is on', { subject });
    return trouble('warn', 'backup', {
      subject,
      found: 'point-in-time recovery is off: what is deleted by mistake is lost',
      fix: `aws dynamodb update-continuous-backups --table-name ${subject} --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true`,
    });
  } catch (error) {
    return notTold('backup', subject, error, 'dynamodb:DescribeContinuousBackups');
  }
}

/** The worker needs no such call, so that its role may lack it is no trouble. */
function notTold(name: 'ttl' | 'backup', subject: string, error: unknown, action: string): Check {
  const refusal = refusalOf(error);
  if (refusal === 'denied')
    return skipped(name, `not known: the role may not ${action}, which only this check needs`, { subject });
  if (refusal === 'unknown-operation') return skipped(name, 'this engine has no such thing', { subject });
  return skipped(name, describeRefusal(error), { subject });
}

/** What cannot be made again from the stream. */
const isBackedUp = ({ name }: TableDefinition, { config }: DoctorDeps): boolean => {
  const { sessions, sims, usage, dedup } = tableNames(config);
  return [sessions, sims, usage, dedup].includes(name);
};

async function checkTable(deps: DoctorDeps, definition: TableDefinition): Promise<TableFinding> {
  const { dynamodb } = deps.clients;
  const { checks, facts } = await checkShape(dynamodb, definition);
  if (!facts) return { checks, facts };
  const ttl = await checkTtl(dynamodb, definition);
  const backup = isBackedUp(definition, deps) ? [await checkBackup(dynamodb, definition.name)] : [];
  return { checks: [...checks, ...(ttl ? [ttl] : []), ...backup], facts };
}

/** All tables at once, in their order. */
export const checkTables = (deps: DoctorDeps): Promise<readonly TableFinding[]> =>
  Promise.all(tableDefinitions(deps.config).map((definition) => checkTable(deps, definition)));
