/** The port through which one item is written, whole or not at all, on top of the version that was read.
 *  Implementations: `BatchWriter` (25 statements a call) and `PutWriter` (one call each). */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { RetryDeps } from '../retry.ts';
import type { ItemMap } from './item-size.ts';

/** An item as read: attributes as lib-dynamodb gives them. */
export type ReadItem = Readonly<Record<string, unknown>>;

export interface ItemWrite {
  readonly tableName: string;
  /** The attributes that make its key. */
  readonly key: ItemMap;
  /** The item as it shall be, with its key. Made when it is needed: a writer that names what changes needs only that. */
  readonly whole: () => ItemMap;
  /** What it changes of the item that is there, whose `version` must still be this one. Absent: there must be none. */
  readonly change?: ItemChange & { readonly version: number };
}

/** The other attributes stay as they are. */
export interface ItemChange {
  readonly set: ItemMap;
  readonly remove: readonly string[];
}

export type WriteOutcome =
  | { readonly kind: 'written' }
  /** Another version is stored. `current` is it, from engines that say; it is not "there is none" when absent. */
  | { readonly kind: 'conflict'; readonly current?: ReadItem }
  /** DynamoDB can never take it. */
  | { readonly kind: 'refused' };

export interface ItemWriter {
  /** Repeats what can be repeated. Two writes of one item must not be under way at once.
   *  @throws `AbortError` when the store closes; whatever is fatal. */
  write(write: ItemWrite): Promise<WriteOutcome>;
}

/** What all parts of the store share. */
export interface StoreDeps extends RetryDeps {
  readonly client: DynamoDBDocumentClient;
  /** Ends all that is under way. */
  readonly closing: AbortSignal;
}
