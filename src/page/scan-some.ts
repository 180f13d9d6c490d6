import { type DynamoDBDocumentClient, ScanCommand, type ScanCommandInput } from '@aws-sdk/lib-dynamodb';

export interface SomeItems {
  readonly items: readonly Record<string, unknown>[];
  /** The table has more. */
  readonly isPartial: boolean;
}

/** Reads a table's first pages: a page costs at most 1 MB of reading. Eventually consistent, at half the price. */
export async function scanSome(
  client: DynamoDBDocumentClient,
  input: Omit<ScanCommandInput, 'ExclusiveStartKey'>,
  { pagesMax, itemsMax }: { readonly pagesMax: number; readonly itemsMax: number },
): Promise<SomeItems> {
  const items: Record<string, unknown>[] = [];
  let startKey: Record<string, unknown> | undefined;
  for (let page = 0; page < pagesMax; page += 1) {
    const answer = await client.send(
      new ScanCommand({ ...input, ...(startKey ? { ExclusiveStartKey: startKey } : {}) }),
    );
    items.push(...(answer.Items ?? []));
    startKey = answer.LastEvaluatedKey;
    if (!startKey || items.length >= itemsMax) break;
  }
  return { items: items.slice(0, itemsMax), isPartial: startKey !== undefined || items.length > itemsMax };
}
