/** The private part of a session item, packed: what the fold and the dedup memory need beyond what readers
 *  see. Binary, because a write unit ends at 1 KB.
 *
 *  Layout, version 1: version u8 · flags u8 · [spilled-through time48] · [ring-through time48]
 *  · cumulative and before counters present by flag, as varints · [terminal time48 rank u8]
 *  · stamp count u8, each time48 rank u8 fields u16 · id count varint · ids of 16 bytes · [writer u32].
 *  Version 2 goes on: more flags u8 · [hours of usage]. What does not understand them must not write the item. */
import type { DedupMemory, EventId } from '../reduce/dedup-memory.ts';
import type { HourlyUsage, UsageLine } from '../reduce/hourly-usage.ts';
import {
  compareStamps,
  LAST_VALUE_FIELDS,
  type LastValueField,
  type Stamp,
  type Stamps,
} from '../reduce/last-values.ts';
import { NewerItemError, unknownLayout } from './newer-item.ts';
import { PackedReader, PackedWriter } from './packed-bytes.ts';
import { packedHoursMaxBytes, packHours, unpackHours } from './packed-hours.ts';

const LAYOUT_VERSION = 1;
const LAYOUT_VERSION_MORE = 2;
const EVENT_ID_DIGITS = 32;
export const EVENT_ID_BYTES = 16;

export interface DirectionCounters {
  readonly cumulative?: bigint;
  readonly before?: bigint;
}

export interface PrivateState {
  readonly memory: DedupMemory;
  readonly stamps: Stamps;
  readonly terminalStamp?: Stamp;
  readonly isSeenFromStart: boolean;
  readonly download: DirectionCounters;
  readonly upload: DirectionCounters;
  /** A number of the process that wrote it, by which it knows its own write again. */
  readonly writer?: number;
  readonly hasBeenBlocked?: true;
  /** Absent: none. */
  readonly usage?: HourlyUsage;
}

const MORE = { blocked: 1, usage: 2 } as const;

const FLAG = {
  seenFromStart: 1,
  pages: 2,
  spilledThrough: 4,
  ringThrough: 8,
  counters: 16,
  terminal: 32,
  writer: 64,
} as const;

/** What `packPrivateState` writes at most, with room for counters of 150 bits. */
const maxBytesOf = ({ memory, usage }: PrivateState, stampGroups: number): number =>
  121 +
  9 * stampGroups +
  EVENT_ID_BYTES * memory.ring.length +
  (usage === undefined ? 0 : packedHoursMaxBytes(usage));

interface StampGroup {
  readonly stamp: Stamp;
  mask: number;
}

/** Most fields share one stamp, the latest event's: a stamp is stored once with the fields that carry it. */
function groupStamps(stamps: Stamps): readonly StampGroup[] {
  const groups: StampGroup[] = [];
  for (let bit = 0; bit < LAST_VALUE_FIELDS.length; bit += 1) {
    const stamp = stamps[LAST_VALUE_FIELDS[bit] as LastValueField];
    if (stamp === undefined) continue;
    let at = 0;
    while (at < groups.length && compareStamps((groups[at] as StampGroup).stamp, stamp) !== 0) at += 1;
    const group = groups[at];
    if (group) group.mask |= 1 << bit;
    else groups.push({ stamp, mask: 1 << bit });
  }
  return groups;
}

const hasAny = ({ cumulative, before }: DirectionCounters): boolean =>
  cumulative !== undefined || before !== undefined;
const hasCounters = ({ download, upload }: PrivateState): boolean => hasAny(download) || hasAny(upload);

function flagsOf(state: PrivateState): number {
  const { memory } = state;
  return (
    (state.isSeenFromStart ? FLAG.seenFromStart : 0) |
    (memory.hasPages ? FLAG.pages : 0) |
    (memory.spilledThroughMs === undefined ? 0 : FLAG.spilledThrough) |
    (memory.ringThroughMs === undefined ? 0 : FLAG.ringThrough) |
    (hasCounters(state) ? FLAG.counters : 0) |
    (state.terminalStamp === undefined ? 0 : FLAG.terminal) |
    (state.writer === undefined ? 0 : FLAG.writer)
  );
}

const moreFlagsOf = ({ hasBeenBlocked, usage }: PrivateState): number =>
  (hasBeenBlocked ? MORE.blocked : 0) |
  (usage !== undefined && usage.open.length + usage.closed.length > 0 ? MORE.usage : 0);

/** `line`: what the item's own attributes say; usage of that line takes less room. */
export function packPrivateState(state: PrivateState, line: UsageLine = {}): Uint8Array {
  const more = moreFlagsOf(state);
  const groups = groupStamps(state.stamps);
  const writer = new PackedWriter(maxBytesOf(state, groups.length));
  const stamp = (value: Stamp): void => {
    writer.time48(value.timeMs);
    writer.uint8(value.rank);
  };
  const { memory } = state;
  writer.uint8(more === 0 ? LAYOUT_VERSION : LAYOUT_VERSION_MORE);
  writer.uint8(flagsOf(state));
  if (memory.spilledThroughMs !== undefined) writer.time48(memory.spilledThroughMs);
  if (memory.ringThroughMs !== undefined) writer.time48(memory.ringThroughMs);
  if (hasCounters(state))
    for (const direction of [state.download, state.upload]) {
      writer.optional(direction.cumulative);
      writer.optional(direction.before);
    }
  if (state.terminalStamp) stamp(state.terminalStamp);
  writer.uint8(groups.length);
  for (const group of groups) {
    stamp(group.stamp);
    writer.uint16(group.mask);
  }
  writer.varint(BigInt(memory.ring.length));
  for (const id of memory.ring) writer.hex(id);
  if (state.writer !== undefined) writer.uint32(state.writer);
  if (more !== 0) writer.uint8(more);
  if (more & MORE.usage) packHours(writer, state.usage as HourlyUsage, line);
  return writer.finish();
}

const readStamp = (reader: PackedReader): Stamp => ({ timeMs: reader.time48(), rank: reader.uint8() });

function readStamps(reader: PackedReader): Stamps {
  const stamps: { [F in LastValueField]?: Stamp } = {};
  for (let count = reader.uint8(); count > 0; count -= 1) {
    const stamp = readStamp(reader);
    const mask = reader.uint16();
    for (let bit = 0; bit < LAST_VALUE_FIELDS.length; bit += 1)
      if (mask & (1 << bit)) stamps[LAST_VALUE_FIELDS[bit] as LastValueField] = stamp;
  }
  return stamps;
}

function readDirection(reader: PackedReader): DirectionCounters {
  const cumulative = reader.optional();
  const before = reader.optional();
  return {
    ...(cumulative === undefined ? {} : { cumulative }),
    ...(before === undefined ? {} : { before }),
  };
}

/** What version 2 has more. */
function readMore(reader: PackedReader, line: UsageLine): Pick<PrivateState, 'hasBeenBlocked' | 'usage'> {
  const more = reader.uint8();
  if (more & ~(MORE.blocked | MORE.usage)) throw new NewerItemError('private state with unknown parts');
  return {
    ...(more & MORE.blocked ? { hasBeenBlocked: true } : {}),
    ...(more & MORE.usage ? { usage: unpackHours(reader, line) } : {}),
  };
}

/** `line`: as it was packed with.
 *  @throws RangeError when the bytes are not a state of this layout; NewerItemError when they are one of a later. */
export function unpackPrivateState(bytes: Uint8Array, line: UsageLine = {}): PrivateState {
  const reader = new PackedReader(bytes);
  const version = reader.uint8();
  if (version !== LAYOUT_VERSION && version !== LAYOUT_VERSION_MORE)
    throw unknownLayout('private state', version, LAYOUT_VERSION_MORE);
  const flags = reader.uint8();
  const spilledThroughMs = flags & FLAG.spilledThrough ? reader.time48() : undefined;
  const ringThroughMs = flags & FLAG.ringThrough ? reader.time48() : undefined;
  const download = flags & FLAG.counters ? readDirection(reader) : {};
  const upload = flags & FLAG.counters ? readDirection(reader) : {};
  const terminalStamp = flags & FLAG.terminal ? readStamp(reader) : undefined;
  const stamps = readStamps(reader);
  const ring: EventId[] = [];
  const idCount = Number(reader.varint());
  const ids = reader.hex(EVENT_ID_BYTES * idCount);
  for (let at = 0; at < ids.length; at += EVENT_ID_DIGITS)
    ring.push(ids.slice(at, at + EVENT_ID_DIGITS) as EventId);
  const writer = flags & FLAG.writer ? reader.uint32() : undefined;
  const more = version === LAYOUT_VERSION_MORE ? readMore(reader, line) : {};
  return {
    ...more,
    memory: {
      ring,
      hasPages: (flags & FLAG.pages) !== 0,
      ...(ringThroughMs === undefined ? {} : { ringThroughMs }),
      ...(spilledThroughMs === undefined ? {} : { spilledThroughMs }),
    },
    stamps,
    ...(terminalStamp === undefined ? {} : { terminalStamp }),
    isSeenFromStart: (flags & FLAG.seenFromStart) !== 0,
    download,
    upload,
    ...(writer === undefined ? {} : { writer }),
  };
}
