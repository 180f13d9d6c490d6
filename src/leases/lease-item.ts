/** KCL's lease rows as lib-dynamodb gives them, and back. Source: KCL DynamoDBLeaseSerializer.java. */
import { parsePosition } from './checkpoint-position.ts';
import type { Lease, NewLease, OwnAttributes } from './lease.ts';
import type { UnreadableRow } from './lease-store.ts';

export type Item = Readonly<Record<string, unknown>>;

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** A whole number, as any lib-dynamodb client gives it: `wrapNumbers` makes it an object that holds the digits. */
function count(value: unknown): number | undefined {
  const isWrapped = typeof value === 'object' && value !== null && 'value' in value;
  const number = isWrapped ? Number(value.value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** KCL writes a string set. A string or a list, which Java reads as "no parents", is understood as well:
 *  a child that starts too early is worse than one that waits. */
function names(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (!(value instanceof Set) && !Array.isArray(value)) return [];
  return [...value].filter((name) => typeof name === 'string').sort();
}

/** What is damaged counts as absent: KCL writes none of these. */
const ownAttributes = (item: Item): OwnAttributes => ({
  readToTipCounter: count(item['readToTipCounter']),
  takenBy: text(item['takenBy']),
  handOffTo: text(item['handOffTo']),
  drainingOwner: text(item['drainingOwner']),
  startTimestampMs: count(item['startTimestampMs']),
  streamCreatedAtMs: count(item['streamCreatedAtMs']),
});

const rangeOf = (startingHashKey: unknown, endingHashKey: unknown): Lease['hashRange'] =>
  typeof startingHashKey === 'string' && typeof endingHashKey === 'string'
    ? { startingHashKey, endingHashKey }
    : undefined;

/** Attributes that only KCL 3 writes: once a lease has read something, during a hand-off, and (from 3.5) always. */
const KCL3_MARKS = ['throughputKBps', 'checkpointOwner', 'entityType'];

/** Rows of KCL 3.5 about other things than leases: no damage, nothing to say. */
export const OTHER_ENTITY = 'entityType is not LEASE';

/** Reads a row; a row that is no lease, or a broken one, is told apart by `reason`. */
export function parseLeaseItem(item: Item): Lease | UnreadableRow {
  const leaseKey = text(item['leaseKey']);
  const unreadable = (reason: string): UnreadableRow => ({ leaseKey, reason });
  if (leaseKey === undefined) return unreadable('leaseKey is missing');
  // KCL 3.5 keeps rows of other kinds in the same table, told apart by this attribute.
  if ((item['entityType'] ?? 'LEASE') !== 'LEASE') return unreadable(OTHER_ENTITY);
  const counter = count(item['leaseCounter']);
  if (counter === undefined) return unreadable('leaseCounter is missing or no whole number');
  const owner = item['leaseOwner'] ?? undefined;
  if (owner !== undefined && typeof owner !== 'string') return unreadable('leaseOwner is no text');
  const checkpoint = parsePosition({
    checkpoint: text(item['checkpoint']) ?? '',
    subSequenceNumber: count(item['checkpointSubSequenceNumber'] ?? 0) ?? -1,
  });
  if (checkpoint === undefined) return unreadable('checkpoint is no position');
  return {
    leaseKey,
    shardId: text(item['shardId']) ?? leaseKey,
    streamId: text(item['streamName']),
    owner,
    counter,
    checkpoint,
    // Missing in rows that no KCL wrote; our next write puts it right.
    ownerSwitchesSinceCheckpoint: count(item['ownerSwitchesSinceCheckpoint']) ?? 0,
    parentShardIds: names(item['parentShardId']),
    childShardIds: names(item['childShardIds']),
    hashRange: rangeOf(item['startingHashKey'], item['endingHashKey']),
    ours: ownAttributes(item),
    hasKcl3Marks: KCL3_MARKS.some((name) => item[name] !== undefined),
  };
}

export const isLease = (row: Lease | UnreadableRow): row is Lease => 'counter' in row;

/** A new row. All five basic attributes are written: without one of them Java KCL 2.x stops its whole fleet. */
export const toNewLeaseItem = (lease: NewLease): Item => ({
  leaseKey: lease.leaseKey,
  leaseCounter: 0,
  checkpoint: lease.checkpoint,
  checkpointSubSequenceNumber: 0,
  ownerSwitchesSinceCheckpoint: 0,
  // DynamoDB refuses empty sets; KCL leaves the attribute out.
  ...(lease.parentShardIds.length > 0 && { parentShardId: new Set(lease.parentShardIds) }),
  ...lease.hashRange,
  ...(lease.streamId !== undefined && { streamName: lease.streamId, shardId: lease.shardId }),
  ...(lease.startTimestampMs !== undefined && { startTimestampMs: lease.startTimestampMs }),
  ...(lease.streamCreatedAtMs !== undefined && { streamCreatedAtMs: lease.streamCreatedAtMs }),
});
