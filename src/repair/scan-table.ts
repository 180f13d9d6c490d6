/** Reads a whole table, consistently. */
import { ScanCommand, type ScanCommandInput } from '@aws-sdk/lib-dynamodb';
import { mapLimit, untilDone } from '../retry.ts';
import type { ReadItem, StoreDeps } from '../store/item-writer.ts';

/** Read side by side: some times as fast as one, and still far from what a partition gives (3,000 units a second). */
const SEGMENTS = 4;

/** `onItem` gets each item that was there when the scan began, and still is, at least once.
 *  @throws `AbortError` when `closing` aborts; whatever is fatal. */
export async function scanTable(
  deps: StoreDeps,
  input: ScanCommandInput,
  onItem: (item: ReadItem) => void,
): Promise<void> {
  const segments = Array.from({ length: SEGMENTS }, (_, segment) => segment);
  await mapLimit(segments, SEGMENTS, async (Segment) => {
    let startKey: ScanCommandInput['ExclusiveStartKey'];
    do {
      const page = new ScanCommand({
        ...input,
        ConsistentRead: true,
        Segment,
        TotalSegments: SEGMENTS,
        ...(startKey ? { ExclusiveStartKey: startKey } : {}),
      });
      const answer = await untilDone(() => deps.client.send(page), deps.closing, deps);
      for (const item of answer.Items ?? []) onItem(item);
      startKey = answer.LastEvaluatedKey;
    } while (startKey);
  });
}
