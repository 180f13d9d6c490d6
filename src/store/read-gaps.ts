/** Reads the stream gaps that were recorded: dead letters of reason `gap`, which hold no record. */
import { gunzipSync } from 'node:zlib';
import { type DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';

export interface RecordedGap {
  readonly shardId: string;
  readonly afterSequenceNumber: string;
  /** Absent when the shard had ended. */
  readonly firstSequenceNumber?: string;
  readonly recordedAt: string;
}

/** The letter's bytes are the sequence number at which reading went on; see `keepGap` in page-store.ts. */
function firstOf(item: Record<string, unknown>): string | undefined {
  const raw = item['raw'];
  if (!(raw instanceof Uint8Array) || raw.length === 0) return undefined;
  const text = new TextDecoder().decode(item['raw_encoding'] === 'gzip' ? gunzipSync(raw) : raw);
  return /^\d+$/.test(text) ? text : undefined;
}

/** Every recorded gap, in no order. Reads the whole table of dead letters. */
export async function* recordedGaps(
  client: DynamoDBDocumentClient,
  tableName: string,
): AsyncGenerator<RecordedGap> {
  let startKey: Record<string, unknown> | undefined;
  do {
    const answer = await client.send(
      new ScanCommand({
        TableName: tableName,
        ConsistentRead: true,
        FilterExpression: '#reason = :gap',
        ExpressionAttributeNames: { '#reason': 'reason' },
        ExpressionAttributeValues: { ':gap': 'gap' },
        ...(startKey ? { ExclusiveStartKey: startKey } : {}),
      }),
    );
    for (const item of answer.Items ?? []) {
      const firstSequenceNumber = firstOf(item);
      yield {
        shardId: String(item['shard_id']),
        afterSequenceNumber: String(item['sequence_number']),
        recordedAt: String(item['recorded_at']),
        ...(firstSequenceNumber === undefined ? {} : { firstSequenceNumber }),
      };
    }
    startKey = answer.LastEvaluatedKey;
  } while (startKey);
}
