/** Reads what we have of each SIM and compares it with the vendor's records, a few SIMs at a time. */
import { MeterError } from '../errors.ts';
import { fromIso, toIso } from '../time.ts';
import { type ComparedPeriod, compareSim, type Tolerance } from './compare.ts';
import { inOrder } from './in-order.ts';
import type { SimReader } from './reader.ts';
import { type SessionSpan, sessionSpan } from './session-span.ts';
import type { Bytes, GapAt } from './sim-usage.ts';
import { type Granularity, PERIOD_MS } from './usage-record.ts';
import type { VendorUsage } from './vendor-usage.ts';

/** SIMs read at once: well below the SDK's 50 sockets per client. */
const SIMS_MAX = 8;
/** An ended session may have started long before the time that is compared; open ones are read whenever they started. */
const LOOK_BACK_MS = 35 * PERIOD_MS.day;

export interface ReconcileInput {
  readonly reader: SimReader;
  readonly vendor: VendorUsage;
  readonly granularity: Granularity;
  readonly range: { readonly startMs: number; readonly endMs: number };
  readonly simSids: readonly string[];
  readonly gaps: readonly GapAt[];
  readonly tolerance: Tolerance;
}

async function hoursOf(
  { reader, range }: ReconcileInput,
  simSid: string,
): Promise<ReadonlyMap<number, Bytes>> {
  const rows = await reader.usageOfSim(simSid, {
    from: toIso(range.startMs - PERIOD_MS.hour),
    to: toIso(range.endMs + PERIOD_MS.hour),
    by: 'hour',
    includeOpen: true,
  });
  const hours = new Map<number, Bytes>();
  for (const { period, downloadBytes, uploadBytes } of rows) {
    const startMs = fromIso(period);
    if (startMs % PERIOD_MS.hour !== 0 || hours.has(startMs))
      throw new MeterError('invariant-broken', `The usage of ${simSid} has an hour that is none: ${period}.`);
    hours.set(startMs, { downloadBytes, uploadBytes });
  }
  return hours;
}

async function sessionsOf({ reader, range }: ReconcileInput, simSid: string): Promise<SessionSpan[]> {
  const sessions = new Map<string, SessionSpan>();
  const span = { from: toIso(range.startMs - LOOK_BACK_MS), to: toIso(range.endMs + PERIOD_MS.hour) };
  for await (const row of reader.sessionsOfSim(simSid, span))
    sessions.set(row.data_session_sid, sessionSpan(row));
  for await (const row of reader.openSessionsOfSim(simSid))
    sessions.set(row.data_session_sid, sessionSpan(row));
  return [...sessions.values()];
}

async function reconcileSim(input: ReconcileInput, simSid: string): Promise<readonly ComparedPeriod[]> {
  const { range, granularity, gaps, tolerance } = input;
  // Before the usage: what a session had reported by now is in what is read next.
  const sessions = await sessionsOf(input, simSid);
  const hours = await hoursOf(input, simSid);
  const vendor = input.vendor.periodsOf(simSid);
  return compareSim({ simSid, granularity, range, vendor, hours, sessions, gaps }, tolerance);
}

/** Every period of every SIM, in order. Holds a few SIMs' periods at a time. */
export const reconcile = (input: ReconcileInput): AsyncGenerator<readonly ComparedPeriod[]> =>
  inOrder(input.simSids, SIMS_MAX, (simSid) => reconcileSim(input, simSid));
