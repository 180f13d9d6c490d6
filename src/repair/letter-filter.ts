/** Which dead letters a person means. Pure. */
import type { DeadLetterHead } from '../store/dead-letter-item.ts';

export interface LetterFilter {
  readonly reason?: string;
  /** A lease key, a shard's id, or its number. */
  readonly shard?: string;
  /** Arrived at or after it. Unit: ms since 1970. */
  readonly fromMs?: number;
  /** Arrived before it. Unit: ms since 1970. */
  readonly toMs?: number;
}

/** `3` → `shardId-000000000003`; other names as they are. */
export const fullShardId = (name: string): string =>
  /^\d{1,12}$/.test(name) ? `shardId-${name.padStart(12, '0')}` : name;

/** Whether a lease key is of the shard that was named. With several streams the key is `<stream id>:<shard id>`, and
 *  a shard's id alone means that of each stream. */
export function isOfShard(leaseKey: string, name: string): boolean {
  const shardId = fullShardId(name);
  return leaseKey === shardId || leaseKey.endsWith(`:${shardId}`);
}

/** A letter whose arrival is not known matches no time. */
export function matches(
  { shardId, reason, arrivedAtMs }: Pick<DeadLetterHead, 'shardId' | 'reason' | 'arrivedAtMs'>,
  filter: LetterFilter,
): boolean {
  if (filter.reason !== undefined && reason !== filter.reason) return false;
  if (filter.shard !== undefined && !isOfShard(shardId, filter.shard)) return false;
  if (filter.fromMs !== undefined && !(arrivedAtMs >= filter.fromMs)) return false;
  return filter.toMs === undefined || arrivedAtMs < filter.toMs;
}

/** The lease key to ask the table for, where the filter names a whole one: cheaper than looking at every letter. */
export const leaseKeyOf = ({ shard }: LetterFilter): string | undefined =>
  shard?.includes(':') ? shard : undefined;

/** Those that match, at most `limit`. */
export async function* chosenLetters(
  heads: AsyncIterable<DeadLetterHead>,
  filter: LetterFilter,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<DeadLetterHead> {
  let count = 0;
  if (limit <= 0) return;
  for await (const head of heads) {
    if (!matches(head, filter)) continue;
    yield head;
    count += 1;
    if (count >= limit) return;
  }
}
