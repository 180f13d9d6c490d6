/** A session as one text and one piece of bytes, from which it is made again: a fifth of the memory of its objects. */
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
  ...values: unknown[],
];

/** Undefined when it has attributes that we do not know. `dedup`: the packed private state, as stored. */
export function packSession(
  { session, version, unknown }: StoredSession,
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
  ];
  for (const field of LAST_VALUE_FIELDS) packed.push(values[field]);
  return { text: JSON.stringify(packed), bytes: dedup };
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
    ...kept
  ] = JSON.parse(text) as Packed;
  const state = unpackPrivateState(bytes);
  const values: Record<string, unknown> = {};
  for (let at = 0; at < LAST_VALUE_FIELDS.length; at += 1)
    if (kept[at] !== null) values[LAST_VALUE_FIELDS[at] as string] = kept[at];
  // Known to be unblocked: a stamp without a value.
  if (state.stamps.dataModifier && !('dataModifier' in values)) values['dataModifier'] = null;
  const stamp = state.terminalStamp;
  return {
    session: {
      dataSessionSid,
      values: values as LastValues,
      stamps: state.stamps,
      ...(stamp && status
        ? { terminal: { status, stamp, ...(endedAtMs === null ? {} : { endedAtMs }) } }
        : {}),
      ...(startedAtMs === null ? {} : { startedAtMs }),
      ...(usageThroughMs === null ? {} : { usageThroughMs }),
      download: { counted: BigInt(down), ...state.download },
      upload: { counted: BigInt(up), ...state.upload },
      isSeenFromStart: state.isSeenFromStart,
      eventCount,
      updateCount,
    },
    memory: state.memory,
    version,
    unknown: {},
  };
}
