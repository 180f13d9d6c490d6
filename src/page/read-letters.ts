/** Dead letters and gaps for the page: heads only, so that no bytes of a record leave the table. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type DeadLetterHead, GAP_REASON, HEAD_ATTRIBUTES, headFromItem } from '../store/dead-letter-item.ts';
import { scanSome } from './scan-some.ts';
import type { Letters, ShapedLetter } from './shapes.ts';

/** More than a person looks through: the `dead-letters` command shows all. */
const LETTERS_MAX = 2_000;
const PAGES_MAX = 8;
const LATEST_SHOWN = 30;

const shape = (head: DeadLetterHead): ShapedLetter => ({
  shardId: head.shardId,
  sequenceNumber: head.sequenceNumber,
  recordId: head.recordId,
  reason: head.reason,
  field: head.field ?? null,
  arrivedAt: head.arrivedAt,
  recordedAt: head.recordedAt,
  rawBytes: head.rawBytes,
});

const byLatest = (a: ShapedLetter, b: ShapedLetter): number => (a.recordedAt < b.recordedAt ? 1 : -1);

function groupByReason(letters: readonly ShapedLetter[]): Letters['byReason'] {
  const groups = new Map<string, { reason: string; count: number; lastAt: string }>();
  for (const { reason, recordedAt } of letters) {
    const group = groups.get(reason) ?? { reason, count: 0, lastAt: '' };
    group.count += 1;
    if (recordedAt > group.lastAt) group.lastAt = recordedAt;
    groups.set(reason, group);
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
}

/** @throws what DynamoDB throws. */
export async function readLetters(client: DynamoDBDocumentClient, tableName: string): Promise<Letters> {
  const { items, isPartial } = await scanSome(
    client,
    {
      TableName: tableName,
      ProjectionExpression: HEAD_ATTRIBUTES.map((_, at) => `#${at}`).join(','),
      ExpressionAttributeNames: Object.fromEntries(HEAD_ATTRIBUTES.map((name, at) => [`#${at}`, name])),
    },
    { pagesMax: PAGES_MAX, itemsMax: LETTERS_MAX },
  );
  const all = items.map((item) => shape(headFromItem(item))).sort(byLatest);
  const letters = all.filter(({ reason }) => reason !== GAP_REASON);
  return {
    count: letters.length,
    isPartial,
    byReason: groupByReason(letters),
    latest: letters.slice(0, LATEST_SHOWN),
    gaps: all.filter(({ reason }) => reason === GAP_REASON).slice(0, LATEST_SHOWN),
  };
}
