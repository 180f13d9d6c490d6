/** What a call needs to be allowed to, by the words of AWS's Service Authorization Reference. */
import type { Json, RecordedCall } from './recorded-call.ts';
import { streamArn, tableArn } from './role-policy.ts';

export interface Needed {
  readonly action: string;
  readonly resource: string;
}

const STATEMENT_ACTIONS: Readonly<Record<string, string>> = {
  INSERT: 'PartiQLInsert',
  UPDATE: 'PartiQLUpdate',
  SELECT: 'PartiQLSelect',
  DELETE: 'PartiQLDelete',
};

/** Of one table; the batches below name several. */
const TABLE_OPERATIONS: ReadonlySet<string> = new Set([
  'DescribeTable',
  'DescribeTimeToLive',
  'DescribeContinuousBackups',
  'GetItem',
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'Query',
  'Scan',
]);

/** Iterators and tokens stand for their stream: Kinesis knows whose they are, and so must we. */
export class PermissionReader {
  private readonly streams = new Map<string, string>();

  /** @throws when it does not know the call: what is not known is not allowed. */
  neededBy({ operation, request }: RecordedCall, isKinesis: boolean): readonly Needed[] {
    if (isKinesis) return this.kinesis(operation, request);
    if (operation === 'BatchExecuteStatement') return statements(request['Statements']);
    if (operation === 'ExecuteTransaction') return statements(request['TransactStatements']);
    if (operation === 'BatchGetItem' || operation === 'BatchWriteItem')
      return Object.keys(request['RequestItems'] as Json).map((table) => ({
        action: `dynamodb:${operation}`,
        resource: tableArn(table),
      }));
    if (!TABLE_OPERATIONS.has(operation)) throw new Error(`not known what dynamodb:${operation} needs`);
    const { TableName: table, IndexName: index } = request;
    const resource = tableArn(String(table)) + (index === undefined ? '' : `/index/${index}`);
    return [{ action: `dynamodb:${operation}`, resource }];
  }

  /** To be told of each Kinesis answer. */
  answered({ request, response }: RecordedCall): void {
    for (const name of ['ShardIterator', 'NextShardIterator', 'NextToken']) {
      const handed = response[name];
      if (typeof handed === 'string') this.streams.set(handed, this.streamOf(request));
    }
  }

  private kinesis(operation: string, request: Json): readonly Needed[] {
    const action = `kinesis:${operation}`;
    const consumer = request['ConsumerARN'];
    if (typeof consumer === 'string') return [{ action, resource: consumer }];
    const stream = this.streamOf(request);
    if (operation === 'DescribeStreamConsumer')
      return [{ action, resource: `${stream}/consumer/${request['ConsumerName']}` }];
    return [{ action, resource: stream }];
  }

  private streamOf(request: Json): string {
    const { StreamName: name, StreamARN: arn, ShardIterator: iterator, NextToken: token } = request;
    if (typeof name === 'string') return streamArn(name);
    if (typeof arn === 'string') return streamArn(arn.slice(arn.indexOf('/') + 1));
    const known = this.streams.get(String(iterator ?? token));
    if (known === undefined) throw new Error('an iterator or token that nobody was given');
    return known;
  }
}

const statements = (list: unknown): readonly Needed[] =>
  (list as readonly { readonly Statement: string }[]).map(({ Statement: text }) => {
    const [, verb = '', table = ''] = /^(INSERT|UPDATE|SELECT|DELETE)\b[^"]*"([^"]+)"/.exec(text) ?? [];
    const action = STATEMENT_ACTIONS[verb];
    if (action === undefined) throw new Error(`not known what this statement needs: ${text}`);
    return { action: `dynamodb:${action}`, resource: tableArn(table) };
  });
