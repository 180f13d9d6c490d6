import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** DynamoDB's limit for one BatchGetItem. */
const KEYS_PER_CALL_MAX = 100;

/** Reads session items by key, consistently, in as few calls as it takes; absent sessions are absent.
 *  Throttled keys come back as unprocessed and are asked for again after `pause`. */
export async function loadSessions(
  client: DynamoDBDocumentClient,
  tableName: string,
  sids: readonly string[],
  pause: (attempt: number) => Promise<void>,
): Promise<Map<string, Record<string, unknown>>> {
  const items = new Map<string, Record<string, unknown>>();
  let keys: Record<string, unknown>[] = sids.map((sid) => ({ data_session_sid: sid }));
  for (let attempt = 0; keys.length > 0; ) {
    const asked = keys.slice(0, KEYS_PER_CALL_MAX);
    const answer = await client.send(
      new BatchGetCommand({ RequestItems: { [tableName]: { Keys: asked, ConsistentRead: true } } }),
    );
    for (const item of answer.Responses?.[tableName] ?? []) items.set(String(item['data_session_sid']), item);
    const unprocessed = answer.UnprocessedKeys?.[tableName]?.Keys ?? [];
    keys = [...unprocessed, ...keys.slice(KEYS_PER_CALL_MAX)];
    if (unprocessed.length > 0) await pause(attempt++);
  }
  return items;
}
