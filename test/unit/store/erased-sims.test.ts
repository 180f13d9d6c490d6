import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../../src/local/seeded-random.ts';
import { ErasedSims, tombstoneKeyOf } from '../../../src/store/erased-sims.ts';
import { createTableInput, tableDefinitions, tableNames } from '../../../src/store/tables.ts';
import { SimDynamoDb } from '../../simulation/sim-dynamodb.ts';
import { sid } from '../../support/events.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const NAMING = { tablePrefix: 'test', application: 'app' };
const { dedup } = tableNames(NAMING);
const [ERASED, OTHER] = [sid('HS', 'erased'), sid('HS', 'other')];

type Interfere = (keys: readonly Record<string, unknown>[], call: number) => unknown;

/** `interfere`: an answer instead of the engine's. */
function given(interfere: Interfere = () => undefined) {
  const clock = new VirtualClock();
  const engine = new SimDynamoDb(clock);
  for (const definition of tableDefinitions(NAMING))
    engine.apply(new CreateTableCommand(createTableInput(definition)));
  const asked: number[] = [];
  const send = async (command: unknown): Promise<unknown> => {
    if (!(command instanceof BatchGetCommand)) return engine.apply(command);
    const keys = command.input.RequestItems?.[dedup]?.Keys ?? [];
    asked.push(keys.length);
    return interfere(keys, asked.length) ?? engine.apply(command);
  };
  const closing = new AbortController();
  const erased = new ErasedSims(dedup, {
    client: { send } as unknown as DynamoDBDocumentClient,
    clock,
    random: seededRandom(1),
    closing: closing.signal,
  });
  const settle = async <T>(work: Promise<T>): Promise<T> => {
    await clock.advance(60_000);
    return work;
  };
  const areErased = (...sids: string[]) => settle(Promise.all(sids.map((each) => erased.isErased(each))));
  return { engine, erased, asked, settle, areErased, closing };
}

describe('tombstones', () => {
  it('tell erased SIMs from others, in one call, also when one is asked for twice', async () => {
    const { erased, settle, areErased, asked } = given();
    await settle(erased.mark(ERASED));

    expect(await areErased(ERASED, OTHER, ERASED)).toEqual([true, false, true]);
    expect(asked).toEqual([2]);
  });

  it('hold the first mark’s time and no sid', async () => {
    const { engine, erased, settle } = given();
    await settle(erased.mark(ERASED));
    const first = JSON.stringify([...engine.items(dedup)]);

    await settle(erased.mark(ERASED));

    expect(JSON.stringify([...engine.items(dedup)])).toBe(first);
    expect(first).toContain(tombstoneKeyOf(ERASED));
    expect(first).not.toContain(ERASED);
    expect(tombstoneKeyOf('HS00')).toMatch(/^erased#[0-9a-f]{64}$/);
  });

  it('are asked for again when they came back unprocessed', async () => {
    const { erased, settle, areErased, asked } = given((keys, call) =>
      call === 1 ? { Responses: { [dedup]: [] }, UnprocessedKeys: { [dedup]: { Keys: keys } } } : undefined,
    );
    await settle(erased.mark(ERASED));

    expect(await areErased(ERASED, OTHER)).toEqual([true, false]);
    expect(asked[0]).toBe(2);
    expect(asked.length).toBeGreaterThan(1);
  });

  it('are asked for again when the answer is of no table: it is no answer', async () => {
    const { erased, settle, areErased } = given((_, call) => (call === 1 ? {} : undefined));
    await settle(erased.mark(ERASED));

    expect(await areErased(ERASED)).toEqual([true]);
  });

  it('are not waited for when the store closes', async () => {
    const { erased, closing } = given();
    closing.abort();

    await expect(erased.isErased(ERASED)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
