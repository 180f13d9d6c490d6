/**
 * In place: a Java fleet is stopped, ours takes its table over, and hands it back; the traffic never stops. At both
 * hand-overs the table is read while nobody runs, so its checkpoints cut all records put into three parts, and
 *
 *  - the first Java worker has processed exactly the first part, each record once;
 *  - ours has read exactly as many records as the second part has, the marks in the stored numbers (marked-events.ts)
 *    are those of exactly its events, and every session equals a recount over them: none twice, none of Java's;
 *  - the second Java worker has processed exactly the third part, each record once.
 *
 * No record is in no part, none is processed twice, not even around a hand-over. One shard is split under Java and
 * one under ours: each must understand the other's SHARD_END and children.
 */
import { expect } from '@jest/globals';
import type { Engines } from './engines.ts';
import { covers, FIRST_START_MS, givenInterop, type LeaseRow, OWNED_WITHIN_MS, until } from './interop.ts';
import type { JavaKcl, KclVersion } from './java-kcl.ts';
import { appliedIn, countedIn, nameOf, nameOfText, recount } from './marked-events.ts';
import { type UserRecord, userRecordsOf } from './marked-traffic.ts';

const SHARDS = 4;

const shard = (number: number): string => `shardId-${String(number).padStart(12, '0')}`;

const line = (
  record: { readonly shardId: string; readonly sequenceNumber: string; readonly subSequenceNumber: number },
  name: string,
): string => `${record.shardId} ${record.sequenceNumber}/${record.subSequenceNumber} ${name}`;
const linesOf = (records: readonly UserRecord[]): string[] =>
  records.map((record) => line(record, nameOf(record.event))).sort();
const linesOfJava = (java: JavaKcl): string[] =>
  java
    .records()
    .map((record) => line(record, nameOfText(record.data)))
    .sort();

const shardsOf = (java: JavaKcl): Set<string> => new Set(java.records().map(({ shardId }) => shardId));
const ownersOf = (rows: readonly LeaseRow[]): Set<string | undefined> =>
  new Set(rows.map(({ owner }) => owner));

interface Tables {
  /** Makes what Java is to find. */
  readonly prepare?: (application: string) => Promise<void>;
  /** The kinds of rows that Java keeps in the lease table beside leases. */
  readonly otherRows?: readonly string[];
}

export async function replaceInPlaceAndBack(
  engines: Engines,
  version: KclVersion,
  { prepare, otherRows }: Tables = {},
): Promise<void> {
  const interop = await givenInterop(engines, version, SHARDS);
  const { traffic, rows, split, isSplitRead, untilOwnedBy } = interop;
  try {
    await prepare?.(interop.world.names.leases);
    traffic.start();
    const before = interop.java('java-before');
    await until('Java reads all shards', () => shardsOf(before).size === SHARDS, FIRST_START_MS);
    await split(shard(0));
    await until('Java reads what it was split into', () => isSplitRead(shard(0)), 2 * OWNED_WITHIN_MS);
    const items = await interop.world.items('leases');
    const kinds = items.map(({ entityType }) => String(entityType ?? 'LEASE'));
    expect([...new Set(kinds)].filter((kind) => kind !== 'LEASE').sort()).toEqual(otherRows ?? []);
    await before.stop();
    const atFirst = await rows();

    const ours = interop.ours('ours');
    await untilOwnedBy(['ours'], OWNED_WITHIN_MS);
    await split(shard(3));
    await until('we read what it was split into', () => isSplitRead(shard(3)), OWNED_WITHIN_MS);
    const totals = await ours.stop();
    const atSecond = await rows();

    const after = interop.java('java-after');
    await untilOwnedBy(['java-after'], OWNED_WITHIN_MS);
    await until('Java reads all six shards', () => shardsOf(after).size === SHARDS + 2, OWNED_WITHIN_MS);
    await traffic.stop();
    const all = userRecordsOf(traffic.records);
    const isAllRead = async (): Promise<boolean> => {
      const now = await rows();
      return all.every((record) => covers(now, record));
    };
    await until('Java has read everything', isAllRead, OWNED_WITHIN_MS);
    await after.stop();

    const [first, rest] = cut(all, atFirst);
    const [second, third] = cut(rest, atSecond);
    expect([first, second, third].map(({ length }) => length > 50)).toEqual([true, true, true]);
    expect(linesOfJava(before)).toEqual(linesOf(first));
    expect(linesOfJava(after)).toEqual(linesOf(third));
    const stored = await interop.world.items('sessions');
    const events = second.map(({ event }) => event);
    expect([...appliedIn(stored)].sort()).toEqual([...new Set(events.map(nameOf))].sort());
    expect(countedIn(stored)).toEqual(recount(events));
    expect(totals).toMatchObject({ read: second.length, applied: new Set(events.map(nameOf)).size });
    // We give leases back; Java leaves them to expire.
    expect(ownersOf(atSecond.filter(({ checkpoint }) => checkpoint !== 'SHARD_END'))).toEqual(
      new Set([undefined]),
    );
    expect([...before.errors(), ...after.errors()]).toEqual([]);
  } finally {
    await interop.stop();
  }
}

/** What the checkpoints cover, and the rest. */
function cut(records: readonly UserRecord[], rows: readonly LeaseRow[]): [UserRecord[], UserRecord[]] {
  return [
    records.filter((record) => covers(rows, record)),
    records.filter((record) => !covers(rows, record)),
  ];
}
