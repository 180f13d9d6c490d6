/** A fleet that is always on, as `estimate` takes it: an update every six minutes, a session and an attachment a day.
 *  Each event is stored by itself, as at the tip of a stream; the simulated tables count units by AWS's rules. */
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { ConnectionEvent, DataSessionEvent } from '../../src/decode/event.ts';
import type { Projection } from '../../src/store/projection-names.ts';
import { createTableInput, tableDefinitions, tableNames } from '../../src/store/tables.ts';
import { systemClock } from '../../src/time.ts';
import { SimDynamoDb } from '../simulation/sim-dynamodb.ts';
import { sessionEvent, sid, WINDOW_MS, without } from './events.ts';
import { givenStore } from './given-store.ts';

const NAMING = { tablePrefix: 'steady', application: 'steady' };
const NEVER = new AbortController().signal;
const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 4, 4);
const WINDOWS_A_DAY = DAY_MS / WINDOW_MS;

/** Bytes of a device that reports a few kilobytes to megabytes each time. */
const bytesOf = (n: number): bigint => BigInt(4_000 + ((n * 7_919) % 900_000));

function* dayOf(device: number, day: number): Generator<ConnectionEvent> {
  const name = `device ${device} day ${day}`;
  // Not on the full hour, and each device at its own second.
  const startMs = START_MS + day * DAY_MS + device * 17_000 + 61_000;
  const base = {
    simSid: sid('HS', `device ${device}`),
    dataSessionSid: sid('PI', name),
    sessionStartMs: startMs,
    simUniqueName: `Tracker ${device}`,
  };
  yield {
    kind: 'attachment',
    verb: 'accepted',
    eventSid: sid('EZ', `${name} attached`),
    timestampMs: startMs - 5_000,
    accountSid: sid('AC', 'account'),
    simSid: base.simSid,
    fleetSid: sid('HF', 'fleet'),
    network: { mcc: '310', mnc: '260', name: 'T-Mobile', isoCountry: 'US', sid: sid('HW', 'network') },
    imsiTag: 1,
    anomalies: [],
  };
  const started = sessionEvent(0, {
    ...base,
    verb: 'started',
    eventSid: sid('EZ', `${name} 0`),
    timestampMs: startMs,
  });
  yield without(
    started,
    ...(['windowStartMs', 'windowEndMs', 'downloadBytes', 'uploadBytes'] as const),
    ...(['sessionDownloadBytes', 'sessionUploadBytes'] as const),
  );
  let [down, up] = [0n, 0n];
  for (let n = 1; n < WINDOWS_A_DAY; n += 1) {
    const windowEndMs = startMs + n * WINDOW_MS;
    const [downloadBytes, uploadBytes] = [bytesOf(n), bytesOf(n) / 9n];
    [down, up] = [down + downloadBytes, up + uploadBytes];
    const isLast = n === WINDOWS_A_DAY - 1;
    yield sessionEvent(n, {
      ...base,
      verb: isLast ? 'ended' : 'updated',
      eventSid: sid('EZ', `${name} ${n}`),
      timestampMs: windowEndMs,
      windowStartMs: windowEndMs - WINDOW_MS,
      windowEndMs,
      downloadBytes,
      uploadBytes,
      sessionDownloadBytes: down,
      sessionUploadBytes: up,
      ...(isLast ? { sessionEndMs: windowEndMs } : {}),
    } satisfies Partial<DataSessionEvent>);
  }
}

export interface SteadyUnits {
  readonly sessionEvents: number;
  readonly sessions: number;
  readonly attachments: number;
  /** Unit: write units, indexes included. */
  readonly write: Readonly<Record<'sessions' | 'sims' | 'usage' | 'dedup', number>>;
  readonly read: Readonly<Record<'sessions' | 'sims' | 'usage' | 'dedup', number>>;
}

/** What so many devices' days cost in units, by table. */
export async function steadyUnits(
  projections: readonly Projection[],
  { devices, days }: { readonly devices: number; readonly days: number },
): Promise<SteadyUnits> {
  const engine = new SimDynamoDb(systemClock);
  for (const definition of tableDefinitions(NAMING))
    engine.apply(new CreateTableCommand(createTableInput(definition)));
  const names = tableNames(NAMING);
  const client = {
    send: async (command: unknown) => engine.apply(command),
  } as unknown as DynamoDBDocumentClient;
  const store = givenStore({ client, names, clock: systemClock, writer: 'batch', options: { projections } });
  const events: ConnectionEvent[] = [];
  for (let device = 0; device < devices; device += 1)
    for (let day = 0; day < days; day += 1) events.push(...dayOf(device, day));
  events.sort((a, b) => (a.timestampMs ?? 0) - (b.timestampMs ?? 0));
  for (const event of events)
    if (event.kind === 'data-session' || projections.includes('sims')) await store.apply([event], NEVER);
  const units = (kind: 'read' | 'write') => ({
    sessions: engine.consumed(names.sessions)[kind],
    sims: engine.consumed(names.sims)[kind],
    usage: engine.consumed(names.usage)[kind],
    dedup: engine.consumed(names.dedup)[kind],
  });
  return {
    sessionEvents: devices * days * WINDOWS_A_DAY,
    sessions: devices * days,
    attachments: devices * days,
    write: units('write'),
    read: units('read'),
  };
}
