/** The part of a SIM's item that only its fold needs, as bytes:
 *  version u8 · transition count u8, each time48 code u8 · twice (user, OTA) session count u8, each sid text, started
 *  time48, ended varint of ms after 1970 (0: open)
 *  · rank of the last attachment u8 · IMSI tag count u8, each u16. */
import { type SimAggregate, TRANSITIONS, type TransitionAt } from '../reduce/sim.ts';
import type { SimSession } from '../reduce/sim-sessions.ts';
import { unknownLayout } from './newer-item.ts';
import { PackedReader, PackedWriter } from './packed-bytes.ts';

const LAYOUT_VERSION = 1;
const TIME_BYTES = 6;
const VARINT_MAX_BYTES = 10;

export type SimDetails = Pick<SimAggregate, 'recent' | 'sessions' | 'imsiTags'> & {
  readonly attachmentRank: number;
};

const maxBytesOf = ({ recent, sessions, imsiTags }: SimDetails): number =>
  8 +
  recent.length * (TIME_BYTES + 1) +
  [...sessions.user, ...sessions.ota].reduce(
    (bytes, { sid }) => bytes + Buffer.byteLength(sid) + TIME_BYTES + 2 * VARINT_MAX_BYTES,
    0,
  ) +
  2 * imsiTags.length;

function packSessions(writer: PackedWriter, sessions: readonly SimSession[]): void {
  writer.uint8(sessions.length);
  for (const { sid, startedMs, endedMs } of sessions) {
    writer.text(sid);
    writer.time48(startedMs);
    writer.optional(endedMs === undefined ? undefined : BigInt(endedMs));
  }
}

export function packSim(details: SimDetails): Uint8Array {
  const writer = new PackedWriter(maxBytesOf(details));
  writer.uint8(LAYOUT_VERSION);
  writer.uint8(details.recent.length);
  for (const { timeMs, transition } of details.recent) {
    writer.time48(timeMs);
    writer.uint8(TRANSITIONS.indexOf(transition));
  }
  packSessions(writer, details.sessions.user);
  packSessions(writer, details.sessions.ota);
  writer.uint8(details.attachmentRank);
  writer.uint8(details.imsiTags.length);
  for (const tag of details.imsiTags) writer.uint16(tag);
  return writer.finish();
}

function unpackSessions(reader: PackedReader): SimSession[] {
  const sessions: SimSession[] = [];
  for (let count = reader.uint8(); count > 0; count -= 1) {
    const [sid, startedMs, ended] = [reader.text() ?? '', reader.time48(), reader.optional()];
    sessions.push(ended === undefined ? { sid, startedMs } : { sid, startedMs, endedMs: Number(ended) });
  }
  return sessions;
}

function unpackRecent(reader: PackedReader): TransitionAt[] {
  const recent: TransitionAt[] = [];
  for (let count = reader.uint8(); count > 0; count -= 1) {
    const [timeMs, transition] = [reader.time48(), TRANSITIONS[reader.uint8()]];
    if (transition === undefined) throw new RangeError('a transition of an unknown kind');
    recent.push({ timeMs, transition });
  }
  return recent;
}

/** @throws RangeError when the bytes are not of this layout. */
export function unpackSim(bytes: Uint8Array): SimDetails {
  const reader = new PackedReader(bytes);
  const version = reader.uint8();
  if (version !== LAYOUT_VERSION) throw unknownLayout('a SIM', version, LAYOUT_VERSION);
  const recent = unpackRecent(reader);
  const sessions = { user: unpackSessions(reader), ota: unpackSessions(reader) };
  const attachmentRank = reader.uint8();
  const imsiTags: number[] = [];
  for (let count = reader.uint8(); count > 0; count -= 1) imsiTags.push(reader.uint16());
  return { recent, sessions, attachmentRank, imsiTags };
}
