/** One simulated data session: its events with schema v2's counters, in the order in which they happen.
 *  Source of the window lengths: 7,650 windows of a live account. */
import { toIso } from '../time.ts';
import { type Device, type EventData, surroundings } from './fleet-device.ts';
import type { Chance } from './seeded-random.ts';

/** Something a device did, before any vendor wraps it. */
export interface Happening {
  readonly atMs: number;
  /** The end of the event's type: `data-session.updated`. */
  readonly suffix: string;
  /** Version 1 has no counters of the whole session. */
  readonly schema: 1 | 2;
  readonly data: EventData;
}

const SECOND_MS = 1_000;
const COUNTERS = ['data_session_data_download', 'data_session_data_upload', 'data_session_data_total'];

/** What the network says when it cannot keep or make a session. */
export const SESSION_ERROR = { code: 83701, message: 'DIAMETER_UNABLE_TO_COMPLY' };

/** Whole seconds, as the vendors write times in `data`. */
export const seconds = (ms: number): string => toIso(ms).replace('.000Z', 'Z');

/** Unit: ms. */
function windowMs(chance: Chance): number {
  const share = chance.whole(1, 10_000);
  if (share <= 7_832) return 360 * SECOND_MS;
  if (share <= 8_772) return chance.whole(361, 370) * SECOND_MS;
  if (share <= 9_832) return chance.whole(371, 405) * SECOND_MS;
  if (share <= 9_992) return chance.whole(406, 459) * SECOND_MS;
  return chance.pick([2, 3, 6, 240, 280, 323]) * SECOND_MS;
}

/** Many windows are empty, some are large. Unit: bytes. */
const windowBytes = (chance: Chance): number =>
  chance.is(0.3) ? 0 : chance.whole(1, 10 ** chance.whole(2, 6));

export interface SessionPlan {
  readonly apn: string;
  readonly startMs: number;
  /** Beyond the simulated span for sessions that stay open. */
  readonly endMs: number;
  /** Nothing happens after it. */
  readonly untilMs: number;
  readonly schema: 'v1' | 'v2' | 'v1-then-v2';
  readonly end: 'ended' | 'failed';
}

export class SessionSimulation {
  private readonly chance: Chance;
  private readonly device: Device;
  private readonly plan: SessionPlan;
  private readonly sid: string;
  private readonly happenings: Happening[] = [];
  private network: EventData;
  private downloadBytes = 0;
  private uploadBytes = 0;
  private isBlocked = false;

  constructor(chance: Chance, device: Device, plan: SessionPlan) {
    this.chance = chance;
    this.device = device;
    this.plan = plan;
    this.sid = chance.sid('PI');
    this.network = chance.pick(device.networks);
  }

  run(): readonly Happening[] {
    const { startMs, endMs, untilMs, end } = this.plan;
    this.add('started', startMs, {});
    let fromMs = startMs;
    for (;;) {
      const toMs = fromMs + windowMs(this.chance);
      if (toMs >= endMs || toMs > untilMs) break;
      this.add('updated', toMs, this.window(fromMs, toMs));
      fromMs = toMs;
    }
    if (endMs > untilMs) return this.happenings;
    if (end === 'ended') this.end(fromMs);
    else this.fail(fromMs);
    return this.happenings;
  }

  private end(fromMs: number): void {
    const { endMs } = this.plan;
    const share = this.chance.whole(1, 20);
    const changes: Record<string, unknown> = {
      ...this.window(fromMs, endMs),
      data_session_end_time: seconds(endMs),
    };
    // Both say the same instant; the schema asks for neither.
    if (share === 1) delete changes['data_session_end_time'];
    if (share === 2) delete changes['data_session_update_end_time'];
    this.add('ended', endMs, changes);
  }

  /** The network gives up; sometimes it still ends the session in order, at once or a moment before or after. */
  private fail(fromMs: number): void {
    const { chance } = this;
    const { endMs } = this.plan;
    const endTime = chance.is(0.3) ? { data_session_end_time: seconds(endMs) } : {};
    const failedAtMs = endMs + chance.pick([-1, 0, 1]) * SECOND_MS;
    this.add('failed', failedAtMs, { error: SESSION_ERROR, ...endTime });
    if (chance.is(0.5)) this.end(fromMs);
  }

  /** What was used between two instants, and the session's counters after it. */
  private window(fromMs: number, toMs: number): EventData {
    const [download, upload] = [windowBytes(this.chance), windowBytes(this.chance)];
    this.downloadBytes += download;
    this.uploadBytes += upload;
    return {
      data_download: download,
      data_upload: upload,
      data_total: download + upload,
      data_session_data_download: this.downloadBytes,
      data_session_data_upload: this.uploadBytes,
      data_session_data_total: this.downloadBytes + this.uploadBytes,
      data_session_update_start_time: seconds(fromMs),
      data_session_update_end_time: seconds(toMs),
    };
  }

  private add(verb: string, atMs: number, changes: EventData): void {
    if (this.chance.is(0.02)) this.network = this.chance.pick(this.device.networks);
    if (this.chance.is(0.01)) this.isBlocked = !this.isBlocked;
    const data = {
      event_sid: this.chance.sid('EZ'),
      timestamp: seconds(atMs),
      ...this.device.identity,
      apn: this.plan.apn,
      ...surroundings(this.chance, this.network),
      ...(this.isBlocked ? { data_modifier: 'blocked' } : {}),
      data_session_sid: this.sid,
      data_session_start_time: seconds(this.plan.startMs),
      ...changes,
    };
    const isV1 = this.isV1(atMs);
    this.happenings.push({
      atMs,
      suffix: `data-session.${verb}`,
      schema: isV1 ? 1 : 2,
      data: isV1 ? withoutCounters(data) : data,
    });
  }

  private isV1(atMs: number): boolean {
    const { schema, startMs, endMs } = this.plan;
    return schema === 'v1' || (schema === 'v1-then-v2' && atMs < (startMs + endMs) / 2);
  }
}

const withoutCounters = (data: EventData): EventData =>
  Object.fromEntries(Object.entries(data).filter(([name]) => !COUNTERS.includes(name)));
