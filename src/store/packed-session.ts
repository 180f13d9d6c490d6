/** A session as one text and one piece of bytes, from which it is made again: a fifth of the memory of its objects. */
import { lineOf } from '../reduce/hourly-usage.ts';
import { LAST_VALUE_FIELDS, type LastValues } from '../reduce/last-values.ts';
import type { Terminal } from '../reduce/session.ts';
import type { Entry } from './byte-ring.ts';
import { unpackPrivateState } from './private-state.ts';
import type { StoredSession } from './stored-session.ts';

/** A JSON array: shorter than an object, and as quick. Null stands for what is not there. */
type Packed = readonly [
  version: number,
  startedAtMs: number | null,
  usageThroughMs: number | null,
  status: Terminal['status'] | null,
  endedAtMs: number | null,
  countedDownloadBytes: string,
  countedUploadBytes: string,
  eventCount: number,
  updateCount: number,
  isHandedOn: 1 | 0,
  ...values: unknown[],
];

/** Undefined when it has attributes that we do not know. `dedup`: the packed private state, as stored. */
export function packSession(
  { session, version, unknown, isHandedOn }: StoredSession,
  dedup: Uint8Array,
): Entry | undefined {
  for (const _ in unknown) return undefined;
  const { values, startedAtMs, usageThroughMs, terminal, download, upload, eventCount, updateCount } =
    session;
  const packed: unknown[] = [
    version,
    startedAtMs,
    usageThroughMs,
    terminal?.status,
    terminal?.endedAtMs,
    String(download.counted),
    String(upload.counted),
    eventCount,
    updateCount,
    isHandedOn ? 1 : 0,
  ];
  for (const field of LAST_VALUE_FIELDS) packed.push(values[field]);
  return { text: JSON.stringify(packed), bytes: dedup };
}

function unpackValues(kept: readonly unknown[]): { -readonly [F in keyof LastValues]: LastValues[F] } {
  const values: Record<string, unknown> = {};
  for (let at = 0; at < LAST_VALUE_FIELDS.length; at += 1)
    if (kept[at] !== null) values[LAST_VALUE_FIELDS[at] as string] = kept[at];
  return values;
}

function terminalOf(
  status: Terminal['status'] | null,
  stamp: Terminal['stamp'] | undefined,
  endedAtMs: number | null,
): Terminal | undefined {
  if (!stamp || !status) return undefined;
  return { status, stamp, ...(endedAtMs === null ? {} : { endedAtMs }) };
}

export function unpackSession(dataSessionSid: string, { text, bytes }: Entry): StoredSession {
  const [
    version,
    startedAtMs,
    usageThroughMs,
    status,
    endedAtMs,
    down,
    up,
    eventCount,
    updateCount,
    isHandedOn,
    ...kept
  ] = JSON.parse(text) as Packed;
  const values = unpackValues(kept);
  const state = unpackPrivateState(bytes, lineOf(values));
  // Known to be unblocked: a stamp without a value.
  if (state.stamps.dataModifier && !('dataModifier' in values)) values.dataModifier = null;
  const terminal = terminalOf(status, state.terminalStamp, endedAtMs);
  return {
    session: {
      dataSessionSid,
      values,
      stamps: state.stamps,
      ...(terminal ? { terminal } : {}),
      ...(startedAtMs === null ? {} : { startedAtMs }),
      ...(usageThroughMs === null ? {} : { usageThroughMs }),
      download: { counted: BigInt(down), ...state.download },
      upload: { counted: BigInt(up), ...state.upload },
      isSeenFromStart: state.isSeenFromStart,
      ...(state.hasBeenBlocked ? { hasBeenBlocked: true } : {}),
      eventCount,
      updateCount,
    },
    memory: state.memory,
    ...(state.usage ? { usage: state.usage } : {}),
    ...(isHandedOn === 1 ? { isHandedOn: true } : {}),
    version,
    unknown: {},
  };
}
