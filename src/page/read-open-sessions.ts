/** How many sessions are open, and some of them. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Item, ItemReader } from '../reader/item-reader.ts';
import { parseSession } from '../reader/parse-item.ts';
import { ReaderError } from '../reader/reader-error.ts';
import { OPEN_BY_SIM } from '../reader/reader-tables.ts';
import { scanSome } from './scan-some.ts';
import { shapeSession } from './shape-session.ts';
import type { OpenSessions, ShapedSession } from './shapes.ts';

/** About 1 MB of keys a page of the index. */
const PAGES_MAX = 4;
const KEYS_MAX = 40_000;
const SHOWN = 40;

/** None, when the item cannot be read: one bad item must not hide the others. */
export function readable(item: Item): ShapedSession[] {
  try {
    return [shapeSession(parseSession(item))];
  } catch (error) {
    if (error instanceof ReaderError) return [];
    throw error;
  }
}

export interface OpenSessionsDeps {
  readonly client: DynamoDBDocumentClient;
  readonly items: ItemReader;
  readonly tableName: string;
  /** SIMs whose sessions are shown before others. */
  readonly preferred: () => ReadonlySet<string>;
}

/** @throws what DynamoDB throws. */
export async function readOpenSessions(deps: OpenSessionsDeps): Promise<OpenSessions> {
  const { client, items, tableName, preferred } = deps;
  const { items: keys, isPartial } = await scanSome(
    client,
    { TableName: tableName, IndexName: OPEN_BY_SIM },
    { pagesMax: PAGES_MAX, itemsMax: KEYS_MAX },
  );
  const first = preferred();
  const isFirst = (key: Item): boolean => first.has(String(key['sim_sid']));
  const chosen = [...keys.filter(isFirst), ...keys.filter((key) => !isFirst(key))].slice(0, SHOWN);
  const idOf = (item: Item): string => String(item['data_session_sid']);
  const found = await items.getAll(
    tableName,
    chosen.map((key) => ({ data_session_sid: idOf(key) })),
    idOf,
  );
  const sessions = found.flatMap(readable).filter(({ status }) => status === 'open');
  return {
    count: keys.length,
    isPartial,
    sessions: sessions.sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1)),
  };
}
