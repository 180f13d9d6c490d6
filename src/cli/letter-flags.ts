/** What the `dead-letters` commands share: the filters, and a letter as people and programs see it. */

import type { Command } from 'commander';
import { MeterError } from '../errors.ts';
import type { LetterFilter } from '../repair/letter-filter.ts';
import { openRepair, type RepairParts } from '../repair-parts.ts';
import type { DeadLetterHead } from '../store/dead-letter-item.ts';
import { systemClock, toIso } from '../time.ts';
import { whole } from './numeric-flag.ts';
import { configFrom, type SettingFlags } from './setting-flags.ts';
import { optionalTime } from './time-flag.ts';

export interface FilterFlags {
  readonly reason?: string;
  readonly shard?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit?: string;
}

const LIMIT_MAX = 1_000_000_000;

/** Gives a command the flags that choose letters. */
export const addFilterFlags = (command: Command): Command =>
  command
    .option('--reason <reason>', 'only of this reason, like not-json, unknown-verb or gap')
    .option('--shard <shard>', 'only of this shard: its lease key, its id or the id’s number')
    .option(
      '--from <time>',
      'only records that arrived at or after it: a time, 2h (ago), yesterday or 7d (days ago)',
    )
    .option('--to <time>', 'only records that arrived before it')
    .option('--limit <count>', 'at most so many letters');

/** @throws MeterError `usage`. */
export function filterOf({ reason, shard, from, to }: FilterFlags): LetterFilter {
  const wallMs = systemClock.wallMs();
  const [fromMs, toMs] = [optionalTime(from, 'from', wallMs), optionalTime(to, 'to', wallMs)];
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs)
    throw new MeterError('usage', '--from must be before --to.');
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(shard === undefined ? {} : { shard }),
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(toMs === undefined ? {} : { toMs }),
  };
}

/** @throws MeterError `usage`. */
export const limitOf = ({ limit }: FilterFlags): number =>
  limit === undefined ? Number.POSITIVE_INFINITY : whole(limit, 'limit', 1, LIMIT_MAX);

/** Opens what `task` works with, and closes it whatever comes. @throws MeterError `config-invalid`. */
export async function withRepair<T>(
  flags: SettingFlags,
  task: (parts: RepairParts, config: ReturnType<typeof configFrom>['config']) => Promise<T>,
): Promise<T> {
  const { config } = configFrom(flags);
  const parts = openRepair(config);
  try {
    return await task(parts, config);
  } finally {
    await parts.close();
  }
}

/** All of a letter but its bytes. */
export const letterJson = (head: DeadLetterHead) => ({
  shardId: head.shardId,
  recordId: head.recordId,
  sequenceNumber: head.sequenceNumber,
  index: head.index,
  element: head.element ?? null,
  reason: head.reason,
  field: head.field ?? null,
  arrivedAt: head.arrivedAt,
  recordedAt: head.recordedAt,
  rawBytes: head.rawBytes,
  rawSha256: head.rawSha256,
  hasRaw: head.rawEncoding !== undefined,
  expiresAt: head.expiresAt === undefined ? null : toIso(head.expiresAt * 1_000),
});
