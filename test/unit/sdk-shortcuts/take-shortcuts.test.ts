/** Each shortcut against the SDK's own way: same requests, same answers, same errors. */
import { Readable } from 'node:stream';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetRecordsCommand, KinesisClient, ListShardsCommand } from '@aws-sdk/client-kinesis';
import {
  BatchExecuteStatementCommand,
  DynamoDBDocumentClient,
  NumberValue,
  PutCommand,
} from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { statementsBody } from '../../../src/sdk-shortcuts/statements-body.ts';
import { readRecordsAnswers, writeStatements } from '../../../src/sdk-shortcuts/take-shortcuts.ts';

interface SentRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** The wire's end: keeps what was sent, answers what it is told. */
class Wire {
  readonly sent: SentRequest[] = [];
  private readonly status: number;
  private readonly body: string;

  constructor(body: string, status = 200) {
    this.body = body;
    this.status = status;
  }

  handle(request: SentRequest) {
    this.sent.push(request);
    const body = Readable.from([Buffer.from(this.body)]);
    return Promise.resolve({ response: { statusCode: this.status, headers: {}, body } });
  }
}

const textOf = (body: string | Uint8Array): string =>
  typeof body === 'string' ? body : Buffer.from(Uint8Array.from(body)).toString();

const COMMON = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  maxAttempts: 1,
};

describe('the bodies of BatchExecuteStatement', () => {
  const ANSWER = JSON.stringify({
    Responses: [
      { TableName: 't' },
      { Error: { Code: 'ConditionalCheckFailed', Item: { id: { S: 'a' }, n: { N: '9007199254740993' } } } },
    ],
  });

  async function sent(input: object, isShort: boolean) {
    const wire = new Wire(ANSWER);
    const client = new DynamoDBClient({ ...COMMON, requestHandler: wire });
    if (isShort) writeStatements(client);
    const documents = DynamoDBDocumentClient.from(client, {
      marshallOptions: { removeUndefinedValues: true },
      unmarshallOptions: { wrapNumbers: true },
    });
    const output = await documents
      .send(new BatchExecuteStatementCommand(input as never))
      .catch((error: Error) => error);
    const [request] = wire.sent;
    return {
      output: output instanceof Error ? output.message : output.Responses,
      body: request && JSON.parse(textOf(request.body)),
      length: request?.headers['content-length'],
      bodyLength: request && String(Buffer.byteLength(request.body)),
      target: request?.headers['x-amz-target'],
    };
  }

  const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 2 },
      fc.string({ unit: 'binary' }),
      fc.integer(),
      fc.bigInt(),
      fc.uint8Array(),
      fc.boolean(),
      fc.constant(null),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.bigInt().map((digits) => NumberValue.from(String(digits))),
      fc.dictionary(fc.string({ unit: 'binary', minLength: 1 }), tie('any')),
      fc.array(tie('any')),
    ),
  })).any;
  const statement = fc.record(
    {
      Statement: fc.constantFrom('UPDATE "t" SET "a"=? WHERE "id"=?', 'say "ä€"'),
      Parameters: fc.array(value, { minLength: 1, maxLength: 4 }),
      ReturnValuesOnConditionCheckFailure: fc.constant('ALL_OLD'),
    },
    { requiredKeys: ['Statement'] },
  );

  it('say what the SDK’s own say, and their answers are read alike', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(statement, { minLength: 1, maxLength: 3 }), async (Statements) => {
        const short = await sent({ Statements }, true);
        const own = await sent({ Statements }, false);

        expect({ ...short, length: '', bodyLength: '' }).toEqual({ ...own, length: '', bodyLength: '' });
        expect(short.length).toBe(short.bodyLength);
      }),
      { numRuns: 200 },
    );
  });

  it('are written here for what a session’s write holds', () => {
    const Parameters = ['text', 5, 5n, Uint8Array.of(1, 2), { mcc: '262', name: undefined, code: 3 }];

    expect(statementsBody({ Statements: [{ Statement: 's', Parameters }] })).toBe(
      '{"Statements":[{"Statement":"s","Parameters":[{"S":"text"},{"N":"5"},{"N":"5"},{"B":"AQI="},{"M":{"mcc":{"S":"262"},"code":{"N":"3"}}}]}]}',
    );
  });

  it.each([
    ['a text that is no Unicode', '\ud800'],
    ['a number with a fraction', 0.5],
    ['a list', ['a']],
    ['a number of other make', NumberValue.from('1')],
  ])('are left to the SDK for %s', (_, odd) => {
    expect(statementsBody({ Statements: [{ Statement: 's', Parameters: [odd] }] })).toBeUndefined();
  });

  it('leave other commands alone', async () => {
    const wire = new Wire('{}');
    const client = new DynamoDBClient({ ...COMMON, requestHandler: wire });
    writeStatements(client);
    await DynamoDBDocumentClient.from(client).send(new PutCommand({ TableName: 't', Item: { id: 'a' } }));

    expect(JSON.parse(textOf(wire.sent[0]?.body ?? ''))).toEqual({
      TableName: 't',
      Item: { id: { S: 'a' } },
    });
  });
});

describe('the answers of GetRecords', () => {
  async function read(body: string, isShort: boolean, status = 200) {
    const client = new KinesisClient({ ...COMMON, requestHandler: new Wire(body, status) });
    if (isShort) readRecordsAnswers(client);
    try {
      const { $metadata, ...answer } = await client.send(new GetRecordsCommand({ ShardIterator: 'i' }));
      // Bytes are bytes, a Buffer's or not.
      const records = answer.Records?.map(({ Data, ...record }) => ({ ...record, Data: Data && [...Data] }));
      return { ...answer, Records: records };
    } catch (error) {
      return { name: (error as Error).name, message: (error as Error).message.split('\n')[0] };
    }
  }

  const record = fc.record(
    {
      Data: fc.oneof(
        {
          weight: 9,
          arbitrary: fc.uint8Array({ maxLength: 50 }).map((data) => Buffer.from(data).toString('base64')),
        },
        fc.constantFrom('A', 'AAA', 'A===', 'AA=A', 'ä€==', '!!!!', '    '),
      ),
      ApproximateArrivalTimestamp: fc.oneof(
        fc.integer({ min: 0, max: 2e9 }),
        fc.constant(1_790_000_000.1234),
      ),
      PartitionKey: fc.string({ unit: 'binary' }),
      SequenceNumber: fc.constantFrom('49', '50'),
      EncryptionType: fc.constantFrom('KMS', 'NONE'),
      AddedLater: fc.constant(1),
    },
    { requiredKeys: ['Data', 'ApproximateArrivalTimestamp', 'PartitionKey', 'SequenceNumber'] },
  );
  const shard = {
    ShardId: 's',
    ParentShards: ['p'],
    HashKeyRange: { StartingHashKey: '0', EndingHashKey: '1' },
  };
  const answer = fc.record(
    {
      Records: fc.array(record, { maxLength: 5 }),
      NextShardIterator: fc.constantFrom('next', null),
      MillisBehindLatest: fc.constantFrom(0, 5, '5', null),
      ChildShards: fc.constant([shard]),
      AddedLater: fc.constant({ a: 1 }),
    },
    { requiredKeys: ['Records'] },
  );

  it('are what the SDK makes of them, errors included', async () => {
    await fc.assert(
      fc.asyncProperty(answer, async (content) => {
        const body = JSON.stringify(content);

        expect(await read(body, true)).toEqual(await read(body, false));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['no JSON', '{"Records":[', 200],
    ['nothing', '', 200],
    ['an error', JSON.stringify({ __type: 'ExpiredIteratorException', message: 'late' }), 400],
    ['an error without words', '', 500],
  ])('that are %s fail as the SDK lets them', async (_, body, status) => {
    expect(await read(body, true, status)).toEqual(await read(body, false, status));
  });

  it('leave other commands alone', async () => {
    const client = new KinesisClient({
      ...COMMON,
      requestHandler: new Wire(JSON.stringify({ Records: [], Shards: [{ ShardId: 's' }] })),
    });
    readRecordsAnswers(client);

    expect((await client.send(new ListShardsCommand({ StreamName: 's' }))).Shards).toEqual([
      { ShardId: 's' },
    ]);
  });
});
