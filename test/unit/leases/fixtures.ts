import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../../src/leases/dependencies.ts';
import type { Lease, ShardDescription } from '../../../src/leases/lease.ts';

/** A larger set of conformance data can be named by CONFORMANCE_DIR. */
export const conformance = <T>(file: string): T => {
  const folder = process.env['CONFORMANCE_DIR'] ?? join(import.meta.dirname, '../../conformance/data');
  return JSON.parse(readFileSync(join(folder, file), 'utf8'));
};

/** Mulberry32. */
export function seededRandom(seed: number): Random {
  let state = seed;
  return {
    next: () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    },
  };
}

/** A row; an owner is of our library unless `ours` says otherwise. */
export const lease = (leaseKey: string, changes: Partial<Lease> = {}): Lease => ({
  leaseKey,
  shardId: leaseKey,
  streamId: undefined,
  owner: undefined,
  counter: 0,
  checkpoint: 'TRIM_HORIZON',
  ownerSwitchesSinceCheckpoint: 0,
  parentShardIds: [],
  childShardIds: [],
  hashRange: undefined,
  ours: changes.owner === undefined ? {} : { takenBy: changes.owner },
  hasKcl3Marks: false,
  ...changes,
});

export const shard = (shardId: string, changes: Partial<ShardDescription> = {}): ShardDescription => ({
  shardId,
  parentShardIds: [],
  startingSequenceNumber: '1',
  startingHashKey: '0',
  endingHashKey: '1',
  ...changes,
});

export const at = (sequenceNumber: string, subSequenceNumber = 0) => ({ sequenceNumber, subSequenceNumber });
