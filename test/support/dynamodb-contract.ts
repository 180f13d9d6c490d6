/** What the simulated DynamoDB and every real engine must agree about, operation by operation: conditions, updates,
 *  returned rows, paging, capacity; and the outcomes of some hundred random operations. */
import { ConditionalCheckFailedException, CreateTableCommand } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { toJson } from '../../src/json.ts';
import { provisionTables } from '../../src/local/provision.ts';
import { Chance, seededRandom } from '../../src/local/seeded-random.ts';
import type { TableDefinition } from '../../src/store/tables.ts';
import {
  type DynamoDbUnderTest,
  documentClient,
  type StartDynamoDb,
  simulated,
} from './dynamodb-under-test.ts';

/** Where an engine is not as DynamoDB is. */
export interface EngineHabits {
  /** `ReturnValuesOnConditionCheckFailure` is heeded. */
  readonly returnsRowOfFailure: boolean;
  /** Capacity as DynamoDB reports it; undefined when the engine's figures are its own. */
  readonly reportsCapacity: boolean;
}

type Values = Readonly<Record<string, unknown>>;

const ITEM = {
  pk: 'p',
  sk: 's',
  n: 7,
  big: 12345678901234567890n,
  text: 'abc',
  list: [1, 2],
  set: new Set(['x', 'y']),
  map: { deep: 'q' },
};

/** A condition on ITEM, and whether it holds. */
const CONDITIONS: readonly (readonly [string, Values, boolean])[] = [
  ['attribute_exists(n)', {}, true],
  ['attribute_not_exists(n)', {}, false],
  ['attribute_not_exists(nothing)', {}, true],
  ['attribute_exists(#m.deep)', {}, true],
  ['attribute_exists(#m.nothing)', {}, false],
  ['n = :v', { ':v': 7 }, true],
  ['n = :v', { ':v': '7' }, false],
  ['n <> :v', { ':v': 8 }, true],
  ['nothing <> :v', { ':v': 8 }, true],
  ['nothing = :v', { ':v': 8 }, false],
  ['n < :v', { ':v': 10 }, true],
  ['n >= :v', { ':v': 10 }, false],
  ['n > :v', { ':v': 'a' }, false],
  ['big > :v', { ':v': 12345678901234567889n }, true],
  ['big = :v', { ':v': 12345678901234567890n }, true],
  ['#t BETWEEN :a AND :b', { ':a': 'abb', ':b': 'abd' }, true],
  ['n IN (:a, :b)', { ':a': 1, ':b': 7 }, true],
  ['begins_with(#t, :v)', { ':v': 'ab' }, true],
  ['contains(#t, :v)', { ':v': 'bc' }, true],
  ['contains(#s, :v)', { ':v': 'z' }, false],
  ['size(#t) = :v', { ':v': 3 }, true],
  ['attribute_type(n, :v)', { ':v': 'N' }, true],
  ['n = :v AND attribute_exists(nothing)', { ':v': 7 }, false],
  ['n = :v OR attribute_exists(nothing)', { ':v': 7 }, true],
  ['NOT n = :v', { ':v': 7 }, false],
  ['n = :v AND (attribute_exists(nothing) OR #t = :t)', { ':v': 7, ':t': 'abc' }, true],
  ['attribute_exists(nothing) OR n = :v AND #t = :t', { ':v': 7, ':t': 'abc' }, true],
];

/** An update of ITEM, and what of it changes. */
const UPDATES: readonly (readonly [string, Values, Values])[] = [
  ['SET n = :v', { ':v': 8 }, { n: 8 }],
  ['SET n = n + :v, #t = :t', { ':v': 5, ':t': 'z' }, { n: 12, text: 'z' }],
  ['SET n = n - :v', { ':v': 9 }, { n: -2 }],
  ['SET fresh = if_not_exists(fresh, :v)', { ':v': 1 }, { fresh: 1 }],
  ['SET n = if_not_exists(n, :v)', { ':v': 1 }, {}],
  ['SET #l = list_append(#l, :v)', { ':v': [3] }, { list: [1, 2, 3] }],
  ['SET #m.other = :v', { ':v': 'w' }, { map: { deep: 'q', other: 'w' } }],
  ['REMOVE n', {}, { n: undefined }],
  ['REMOVE nothing', {}, {}],
  ['SET copied = #t REMOVE #t', {}, { copied: 'abc', text: undefined }],
  ['ADD n :v', { ':v': 3 }, { n: 10 }],
  ['ADD fresh :v', { ':v': 3 }, { fresh: 3 }],
  ['ADD #s :v', { ':v': new Set(['z', 'x']) }, { set: new Set(['x', 'y', 'z']) }],
  ['DELETE #s :v', { ':v': new Set(['x']) }, { set: new Set(['y']) }],
  ['SET n = :v REMOVE #t ADD fresh :v', { ':v': 1 }, { n: 1, text: undefined, fresh: 1 }],
];

/** Requests that DynamoDB refuses to look at. */
const REFUSED: readonly (readonly [string, object])[] = [
  [
    'two paths that overlap',
    { UpdateExpression: 'SET n = :v REMOVE n', ExpressionAttributeValues: { ':v': 1 } },
  ],
  ['a value that is not used', { UpdateExpression: 'REMOVE n', ExpressionAttributeValues: { ':v': 1 } }],
  ['a value that is missing', { UpdateExpression: 'SET n = :nothing' }],
  ['a change of the key', { UpdateExpression: 'SET sk = :v', ExpressionAttributeValues: { ':v': 't' } }],
  [
    'a sum of what is not there',
    { UpdateExpression: 'SET a = a + :v', ExpressionAttributeValues: { ':v': 1 } },
  ],
  ['a broken expression', { UpdateExpression: 'SET SET' }],
];

const NAMES: Readonly<Record<string, string>> = { '#m': 'map', '#t': 'text', '#s': 'set', '#l': 'list' };
/** Only those that the expression uses: others are refused. */
const namesIn = (expression: string): object => {
  const used = Object.entries(NAMES).filter(([name]) => expression.includes(name));
  return used.length > 0 ? { ExpressionAttributeNames: Object.fromEntries(used) } : {};
};
const valuesIn = (values: Values): object =>
  Object.keys(values).length > 0 ? { ExpressionAttributeValues: values } : {};

const definition = (name: string): TableDefinition => ({
  name,
  key: ['pk', 'sk'],
  indexes: { 'by-owner': ['owner', 'sk'] },
});
const Key = { pk: 'p', sk: 's' };
const outcomeOf = async (operation: Promise<unknown>): Promise<string> =>
  operation.then(
    () => 'done',
    (error: Error) => error.name,
  );
/** Comparable, whatever a client makes of it: numbers as their digits, sets in order. */
const shown = (value: unknown): unknown => {
  if (typeof value === 'number' || typeof value === 'bigint') return `number ${value}`;
  if (value instanceof Set) return { set: [...value].map(String).sort() };
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if ('toBigInt' in value && 'value' in value) return `number ${value.value}`;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, entry]) => [name, shown(entry)]),
  );
};

export function dynamoDbContract(name: string, start: StartDynamoDb, habits: EngineHabits): void {
  describe(`DynamoDB’s rules on ${name}`, () => {
    let running: DynamoDbUnderTest;
    let client: DynamoDBDocumentClient;
    let table = '';
    let tables = 0;
    beforeAll(async () => {
      running = await start();
      client = documentClient(running);
    });
    afterAll(() => running?.stop());
    beforeEach(async () => {
      table = `rules-${tables++}`;
      await provisionTables(running.dynamodb, [definition(table)]);
      await client.send(new PutCommand({ TableName: table, Item: ITEM }));
    });
    const item = async () =>
      shown((await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }))).Item);

    it.each(CONDITIONS)('condition %s with %o: %s', async (condition, values, holds) => {
      const write = client.send(
        new DeleteCommand({
          TableName: table,
          Key,
          ConditionExpression: condition,
          ...namesIn(condition),
          ...valuesIn(values),
        }),
      );

      expect(await outcomeOf(write)).toBe(holds ? 'done' : 'ConditionalCheckFailedException');
      expect((await item()) === undefined).toBe(holds);
    });

    it.each(UPDATES)('update %s with %o', async (update, values, changes) => {
      const answer = await client.send(
        new UpdateCommand({
          TableName: table,
          Key,
          UpdateExpression: update,
          ReturnValues: 'ALL_NEW',
          ...namesIn(update),
          ...valuesIn(values),
        }),
      );

      const expected = Object.fromEntries(
        Object.entries({ ...ITEM, ...changes }).filter(([, value]) => value !== undefined),
      );
      expect(shown(answer.Attributes)).toEqual(shown(expected));
      expect(await item()).toEqual(shown(answer.Attributes));
    });

    it.each(REFUSED)('%s is refused, and nothing is changed', async (_, request) => {
      const before = await item();

      const write = client.send(new UpdateCommand({ TableName: table, Key, ...request }));

      expect(await outcomeOf(write)).toBe('ValidationException');
      expect(await item()).toEqual(before);
    });

    it('refuses keys that are not the table’s, empty ones, and tables that are not there', async () => {
      const put = (Item: object) => outcomeOf(client.send(new PutCommand({ TableName: table, Item })));

      expect(await put({ pk: 'p' })).toBe('ValidationException');
      expect(await put({ pk: 'p', sk: 5 })).toBe('ValidationException');
      expect(await put({ pk: 'p', sk: '' })).toBe('ValidationException');
      const get = client.send(new GetCommand({ TableName: 'nothing', Key }));
      expect(await outcomeOf(get)).toBe('ResourceNotFoundException');
      const again = running.dynamodb.send(
        new CreateTableCommand({
          TableName: table,
          BillingMode: 'PAY_PER_REQUEST',
          KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
          AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        }),
      );
      expect(await outcomeOf(again)).toBe('ResourceInUseException');
    });

    it('an update makes the item that is not there; a get of nothing is nothing', async () => {
      const other = { pk: 'p', sk: 'other' };
      const get = new GetCommand({ TableName: table, Key: other });
      expect((await client.send(get)).Item).toBeUndefined();

      await client.send(
        new UpdateCommand({
          TableName: table,
          Key: other,
          UpdateExpression: 'SET n = :v',
          ExpressionAttributeValues: { ':v': 1 },
        }),
      );

      expect(shown((await client.send(get)).Item)).toEqual({ ...other, n: shown(1) });
    });

    it('says what was there before, and the row that made a condition fail', async () => {
      const update = { TableName: table, Key, UpdateExpression: 'SET n = :v' };
      const values = { ExpressionAttributeValues: { ':v': 9 } };
      const { Attributes: old } = await client.send(
        new UpdateCommand({ ...update, ...values, ReturnValues: 'ALL_OLD' }),
      );
      expect(shown(old)).toEqual(shown(ITEM));

      const refused: unknown = await client
        .send(
          new UpdateCommand({
            ...update,
            ...values,
            ConditionExpression: 'n < :v',
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        )
        .catch((error: unknown) => error);

      if (!(refused instanceof ConditionalCheckFailedException)) throw refused;
      const row = refused.Item && unmarshall(refused.Item, { wrapNumbers: true });
      expect(row && shown(row)).toEqual(habits.returnsRowOfFailure ? await item() : undefined);
    });

    it('of many writers that compare and swap, each counts once', async () => {
      const swap = async (): Promise<void> => {
        for (;;) {
          const { Item } = await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
          const seen = Number(Item?.['n']);
          const write = client.send(
            new PutCommand({
              TableName: table,
              Item: { ...Key, n: seen + 1 },
              ConditionExpression: 'n = :seen',
              ExpressionAttributeValues: { ':seen': seen },
            }),
          );
          if ((await outcomeOf(write)) === 'done') return;
        }
      };

      await Promise.all(Array.from({ length: 12 }, swap));

      expect(await item()).toEqual({ ...Key, n: shown(ITEM.n + 12) });
    });

    describe('with many items', () => {
      const keys = Array.from({ length: 100 }, (_, n) => ({ pk: 'many', sk: String(n).padStart(3, '0') }));
      beforeEach(async () => {
        for (const [n, key] of keys.entries())
          await client.send(
            new PutCommand({ TableName: table, Item: { ...key, n, ...(n < 7 ? { owner: 'me' } : {}) } }),
          );
      });
      const sks = (items: readonly Values[] | undefined): unknown[] => (items ?? []).map(({ sk }) => sk);

      it('a scan in pages sees each once', async () => {
        const seen: unknown[] = [];
        let from: Record<string, unknown> | undefined;
        do {
          const page = await client.send(
            new ScanCommand({ TableName: table, Limit: 9, ConsistentRead: true, ExclusiveStartKey: from }),
          );
          seen.push(...sks(page.Items));
          from = page.LastEvaluatedKey;
        } while (from);

        expect(seen.sort()).toEqual([...keys.map(({ sk }) => sk), 's'].sort());
      });

      it('a query is ordered by the sort key, in pages and backwards', async () => {
        const query = {
          TableName: table,
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :a AND :b',
          ExpressionAttributeValues: { ':pk': 'many', ':a': '010', ':b': '015' },
        };
        const first = await client.send(new QueryCommand({ ...query, Limit: 4 }));
        const rest = await client.send(
          new QueryCommand({ ...query, ExclusiveStartKey: first.LastEvaluatedKey }),
        );
        const back = await client.send(new QueryCommand({ ...query, ScanIndexForward: false }));

        const expected = ['010', '011', '012', '013', '014', '015'];
        expect([...sks(first.Items), ...sks(rest.Items)]).toEqual(expected);
        expect(sks(back.Items)).toEqual(expected.reverse());
      });

      it('an index holds the items that have its keys, and only keys', async () => {
        const { Items } = await client.send(
          new QueryCommand({
            TableName: table,
            IndexName: 'by-owner',
            KeyConditionExpression: '#o = :me',
            ExpressionAttributeNames: { '#o': 'owner' },
            ExpressionAttributeValues: { ':me': 'me' },
          }),
        );

        expect(Items).toEqual(keys.slice(0, 7).map((key) => ({ ...key, owner: 'me' })));
      });

      it('a batch reads a hundred at once, and refuses one more or one twice', async () => {
        const get = (asked: readonly object[]) =>
          client.send(
            new BatchGetCommand({
              RequestItems: { [table]: { Keys: [...asked] as never, ConsistentRead: true } },
            }),
          );

        const { Responses, UnprocessedKeys } = await get(keys);
        expect(sks(Responses?.[table]).sort()).toEqual(keys.map(({ sk }) => sk));
        expect(Object.keys(UnprocessedKeys ?? {})).toEqual([]);
        expect(await outcomeOf(get([...keys, Key]))).toBe('ValidationException');
        expect(await outcomeOf(get([Key, Key]))).toBe('ValidationException');
      });
    });

    if (habits.reportsCapacity)
      it('a write costs a unit for each started KB of the larger item, and one for an index entry', async () => {
        const write = async (bytes: number, more: object = {}): Promise<unknown> => {
          const { ConsumedCapacity } = await client.send(
            new PutCommand({
              TableName: table,
              Item: { ...Key, text: 'x'.repeat(bytes), ...more },
              ReturnConsumedCapacity: 'TOTAL',
            }),
          );
          return ConsumedCapacity?.CapacityUnits;
        };

        expect(await write(100)).toBe(1);
        expect(await write(1_100)).toBe(2);
        expect(await write(10)).toBe(2);
        expect(await write(10)).toBe(1);
        expect(await write(10, { owner: 'me' })).toBe(2);
        expect(await write(10, { owner: 'me' })).toBe(1);
      });

    it('ends some hundred random operations as the simulated engine does', async () => {
      const other = await simulated();
      const model = documentClient(other);
      await provisionTables(other.dynamodb, [definition(table)]);
      await model.send(new PutCommand({ TableName: table, Item: ITEM }));
      const chance = new Chance(seededRandom(7));
      for (let n = 0; n < 300; n += 1) {
        const request = randomRequest(chance, table);
        const [real, expected] = [
          await outcomeOf(client.send(request())),
          await outcomeOf(model.send(request())),
        ];
        if (real !== expected)
          throw new Error(`${toJson(request().input)}: ${real}, the simulated one ${expected}`);
      }
      const all = async (of: DynamoDBDocumentClient): Promise<unknown[]> =>
        ((await of.send(new ScanCommand({ TableName: table, ConsistentRead: true }))).Items ?? [])
          .map(shown)
          .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

      expect(await all(client)).toEqual(await all(model));
      await other.stop();
    });
  });
}

/** A write that may or may not be allowed, made anew for each engine. */
function randomRequest(chance: Chance, TableName: string): () => PutCommand & UpdateCommand & DeleteCommand {
  const key = { pk: 'p', sk: chance.pick(['s', 't', 'u']) };
  const [condition, conditionValues] = chance.pick(CONDITIONS);
  const [update, updateValues] = chance.pick(UPDATES);
  const isConditional = chance.is(0.6);
  const kind = chance.pick(['put', 'update', 'update', 'delete']);
  const renamed = Object.fromEntries(
    Object.entries(conditionValues).map(([name, value]) => [`:c${name.slice(1)}`, value]),
  );
  const conditionText = condition.replaceAll(':', ':c');
  const values = { ...(isConditional ? renamed : {}), ...(kind === 'update' ? updateValues : {}) };
  const expressions = `${isConditional ? conditionText : ''} ${kind === 'update' ? update : ''}`;
  const common = {
    TableName,
    ...(isConditional ? { ConditionExpression: conditionText } : {}),
    ...namesIn(expressions),
    ...valuesIn(values),
  };
  const Item = { ...ITEM, ...key, n: chance.whole(1, 9) };
  return () => {
    if (kind === 'put') return new PutCommand({ ...common, Item }) as never;
    if (kind === 'delete') return new DeleteCommand({ ...common, Key: key }) as never;
    return new UpdateCommand({ ...common, Key: key, UpdateExpression: update }) as never;
  };
}
