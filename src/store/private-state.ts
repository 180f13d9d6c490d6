/** The private part of a session item, packed: what the fold and the dedup memory need beyond what readers
 *  see. Binary, because a write unit ends at 1 KB.
 *
 *  Layout, version 1: version u8 · flags u8 · [spilled-through time48] · [ring-through time48]
 *  · cumulative and before counters present by flag, as varints · [terminal time48 rank u8]
 *  · stamp count u8, each time48 rank u8 fields u16 · id count varint · ids of 16 bytes · [writer u32]. */
import type { DedupMemory, EventId } from '../reduce/dedup-memory.ts';
import {
  compareStamps,
  LAST_VALUE_FIELDS,
  type LastValueField,
  type Stamp,
  type Stamps,
} from '../reduce/last-values.ts';

const LAYOUT_VERSION = 1;
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
}

const FLAG = {
  seenFromStart: 1,
  pages: 2,
  spilledThrough: 4,
  ringThrough: 8,
  counters: 16,
  terminal: 32,
  writer: 64,
} as const;

/** Writes into memory that is large enough: see `maxBytesOf`. */
class Writer {
  private readonly bytes: Buffer;
  private at = 0;
  constructor(maxBytes: number) {
    this.bytes = Buffer.allocUnsafe(maxBytes);
  }
  uint8(value: number): void {
    this.at = this.bytes.writeUInt8(value & 0xff, this.at);
  }
  uint16(value: number): void {
    this.at = this.bytes.writeUInt16BE(value & 0xffff, this.at);
  }
  uint32(value: number): void {
    this.at = this.bytes.writeUInt32BE(value, this.at);
  }
  time48(ms: number): void {
    this.at = this.bytes.writeUIntBE(ms, this.at, 6);
  }
  varint(value: bigint): void {
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) this.uint8(Number(rest & 0x7fn) | 0x80);
    this.uint8(Number(rest));
  }
  /** Absent is 0, a value is itself plus one. */
  optional(value: bigint | undefined): void {
    this.varint(value === undefined ? 0n : value + 1n);
  }
  hex(digits: string): void {
    this.at += this.bytes.write(digits, this.at, 'hex');
  }
  finish(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }
}

/** What `packPrivateState` writes at most, with room for counters of 150 bits. */
const maxBytesOf = ({ memory }: PrivateState, stampGroups: number): number =>
  120 + 9 * stampGroups + EVENT_ID_BYTES * memory.ring.length;

class Reader {
  private at = 0;
  private readonly bytes: Buffer;
  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  uint8(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new RangeError('private state ends early');
    return value;
  }
  uint16(): number {
    return this.uint8() * 256 + this.uint8();
  }
  uint32(): number {
    return this.uint16() * 65_536 + this.uint16();
  }
  time48(): number {
    let ms = 0;
    for (let count = 0; count < 6; count += 1) ms = ms * 256 + this.uint8();
    return ms;
  }
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.uint8();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
  optional(): bigint | undefined {
    const stored = this.varint();
    return stored === 0n ? undefined : stored - 1n;
  }
  hex(count: number): string {
    const from = this.at;
    this.at += count;
    if (this.at > this.bytes.length) throw new RangeError('private state ends early');
    return this.bytes.toString('hex', from, this.at);
  }
}

interface StampGroup {
  readonly stamp: Stamp;
  mask: number;
}

/** Most fields share one stamp, the latest event's: a stamp is stored once with the fields that carry it. */
function groupStamps(stamps: Stamps): readonly StampGroup[] {
  const groups: StampGroup[] = [];
  for (const [bit, field] of LAST_VALUE_FIELDS.entries()) {
    const stamp = stamps[field];
    if (stamp === undefined) continue;
    const group = groups.find((each) => compareStamps(each.stamp, stamp) === 0);
    if (group) group.mask |= 1 << bit;
    else groups.push({ stamp, mask: 1 << bit });
  }
  return groups;
}

const hasCounters = (state: PrivateState): boolean =>
  [state.download, state.upload].some(
    (direction) => direction.cumulative !== undefined || direction.before !== undefined,
  );

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

export function packPrivateState(state: PrivateState): Uint8Array {
  const groups = groupStamps(state.stamps);
  const writer = new Writer(maxBytesOf(state, groups.length));
  const stamp = (value: Stamp): void => {
    writer.time48(value.timeMs);
    writer.uint8(value.rank);
  };
  const { memory } = state;
  writer.uint8(LAYOUT_VERSION);
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
  return writer.finish();
}

const readStamp = (reader: Reader): Stamp => ({ timeMs: reader.time48(), rank: reader.uint8() });

function readStamps(reader: Reader): Stamps {
  const stamps: { [F in LastValueField]?: Stamp } = {};
  for (let count = reader.uint8(); count > 0; count -= 1) {
    const stamp = readStamp(reader);
    const mask = reader.uint16();
    for (const [bit, field] of LAST_VALUE_FIELDS.entries()) if (mask & (1 << bit)) stamps[field] = stamp;
  }
  return stamps;
}

function readDirection(reader: Reader): DirectionCounters {
  const cumulative = reader.optional();
  const before = reader.optional();
  return {
    ...(cumulative === undefined ? {} : { cumulative }),
    ...(before === undefined ? {} : { before }),
  };
}

/** @throws RangeError when the bytes are not a state of this layout. */
export function unpackPrivateState(bytes: Uint8Array): PrivateState {
  const reader = new Reader(bytes);
  if (reader.uint8() !== LAYOUT_VERSION) throw new RangeError('private state of an unknown layout');
  const flags = reader.uint8();
  const spilledThroughMs = flags & FLAG.spilledThrough ? reader.time48() : undefined;
  const ringThroughMs = flags & FLAG.ringThrough ? reader.time48() : undefined;
  const download = flags & FLAG.counters ? readDirection(reader) : {};
  const upload = flags & FLAG.counters ? readDirection(reader) : {};
  const terminalStamp = flags & FLAG.terminal ? readStamp(reader) : undefined;
  const stamps = readStamps(reader);
  const ring: EventId[] = [];
  for (let count = reader.varint(); count > 0n; count -= 1n) ring.push(reader.hex(EVENT_ID_BYTES) as EventId);
  const writer = flags & FLAG.writer ? reader.uint32() : undefined;
  return {
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
