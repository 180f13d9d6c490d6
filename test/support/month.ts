/** A fleet's month, as the vendors would tell it: raw events in the order in which they are delivered, and those that
 *  never are. Both APNs, networks that change within a session, sessions over days' edges, fleets that change, events
 *  that come late, twice, in either envelope, or not at all. Made apart from the product's own generator. */
import { Chance, seededRandom } from '../../src/local/seeded-random.ts';
import { type Json, koreEvent, twilioEvent } from './realistic-event.ts';

export interface MonthOptions {
  readonly seed: number;
  readonly sims: number;
  readonly days: number;
}

/** An event as the vendor knows it. */
export interface RawEvent {
  readonly suffix: string;
  readonly data: Json;
}

export interface Month {
  /** In the order of delivery; copies among them. */
  readonly delivered: readonly { readonly text: string; readonly event: RawEvent }[];
  /** Each once, delivered or lost: what the vendor's own books are made of. */
  readonly happened: readonly RawEvent[];
  readonly lost: readonly RawEvent[];
  readonly simSids: readonly string[];
  readonly fleetSids: readonly string[];
}

export const MONTH_START_MS = Date.UTC(2026, 3, 1);
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const WINDOW_MS = 6 * MINUTE_MS;

const RATES = { late: 0.1, veryLate: 0.01, twice: 0.03, lostUpdate: 0.004, lostEnd: 0.02 } as const;

const NETWORKS = [
  { mcc: '310', mnc: '260', iso_country: 'US', friendly_name: 'T-Mobile', sid: `HW${'1'.repeat(32)}` },
  { mcc: '310', mnc: '410', iso_country: 'US', friendly_name: 'AT&T', sid: `HW${'2'.repeat(32)}` },
  { mcc: '234', mnc: '15', iso_country: 'GB', friendly_name: 'Vodafone', sid: `HW${'3'.repeat(32)}` },
] as const;

/** Whole seconds: as vendors write times. */
const at = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

class SimLife {
  readonly events: { readonly atMs: number; readonly event: RawEvent }[] = [];
  private readonly chance: Chance;
  private readonly untilMs: number;
  private readonly identity: Json;
  private readonly fleetSids: readonly string[];
  private fleetChangesAtMs = Number.POSITIVE_INFINITY;
  private imsi = 1;

  constructor(chance: Chance, simSid: string, fleetSids: readonly string[], untilMs: number) {
    this.chance = chance;
    this.untilMs = untilMs;
    this.fleetSids = fleetSids;
    this.identity = {
      account_sid: `AC${'a'.repeat(32)}`,
      sim_sid: simSid,
      sim_iccid: `8988307999${chance.digits(10)}`,
      rat_type: '4G LTE',
    };
    if (chance.is(0.1)) this.fleetChangesAtMs = MONTH_START_MS + chance.whole(1, 20) * DAY_MS + 5 * HOUR_MS;
  }

  live(): void {
    const { chance } = this;
    for (let dayMs = MONTH_START_MS; dayMs < this.untilMs; dayMs += DAY_MS) {
      if (chance.is(0.02)) this.rejections(dayMs + chance.whole(0, 22) * HOUR_MS);
      // In order through the day; what begins late crosses its edge.
      let freeAtMs = dayMs + chance.whole(0, 200) * MINUTE_MS;
      for (let sessions = chance.whole(0, 3); sessions > 0 && freeAtMs < dayMs + DAY_MS; sessions -= 1)
        freeAtMs = this.connect(freeAtMs) + chance.whole(1, 400) * MINUTE_MS;
    }
  }

  private add(suffix: string, atMs: number, changes: Json): void {
    if (atMs >= this.untilMs) return;
    const { chance } = this;
    const data = {
      event_sid: chance.sid('EZ'),
      event_type: `com.twilio.iot.supersim.connection.${suffix}`,
      timestamp: at(atMs),
      ...this.identity,
      fleet_sid: this.fleetSids[atMs >= this.fleetChangesAtMs ? 1 : 0],
      imsi: `99970000000000${this.imsi}`,
      ...changes,
    };
    this.events.push({ atMs, event: { suffix, data } });
  }

  private rejections(fromMs: number): void {
    const { chance } = this;
    const network = chance.pick(NETWORKS);
    for (let count = chance.whole(1, 12), atMs = fromMs; count > 0; count -= 1) {
      const error = { code: chance.pick([83_702, 83_703]), message: 'Attachment rejected' };
      this.add(chance.is(0.9) ? 'attachment.rejected' : 'attachment.failed', atMs, { network, error });
      atMs += chance.whole(10, 200) * SECOND_MS;
    }
  }

  /** Attaches, and holds a session, with a check for updates beside it. Returns its end. */
  private connect(attachedAtMs: number): number {
    const { chance } = this;
    this.add('attachment.accepted', attachedAtMs, { network: chance.pick(NETWORKS) });
    // On the full window now and then: its windows end at the very edge of hours and days.
    const startMs = chance.is(0.3)
      ? Math.ceil((attachedAtMs + 1) / WINDOW_MS) * WINDOW_MS
      : attachedAtMs + chance.whole(1, 50) * SECOND_MS;
    if (chance.is(0.02)) {
      this.add('data-session.failed', startMs, { apn: 'super', error: { code: 83_701 } });
      return startMs;
    }
    const windows = chance.is(0.01) ? chance.whole(200, 400) : chance.whole(1, 9);
    const endMs = startMs + windows * WINDOW_MS + chance.whole(1, 300) * SECOND_MS;
    if (chance.is(0.25)) {
      let checkMs = startMs + chance.whole(30, 90) * SECOND_MS;
      for (let blocks = chance.pick([1, 1, 3]); blocks > 0; blocks -= 1) {
        this.session('ota.super', checkMs, checkMs + 40 * SECOND_MS);
        checkMs += 41 * SECOND_MS;
      }
      if (chance.is(0.05)) this.imsi += 1;
    }
    this.session('super', startMs, endMs);
    return endMs;
  }

  private session(apn: string, startMs: number, endMs: number): void {
    const { chance } = this;
    const isV1 = chance.is(0.1);
    const session = { apn, data_session_sid: chance.sid('PI'), data_session_start_time: at(startMs) };
    let network = chance.pick(NETWORKS) as (typeof NETWORKS)[number];
    let [down, up, isBlocked] = [0, 0, false];
    const said = (): Json => ({ ...session, network, ...(isBlocked ? { data_modifier: 'blocked' } : {}) });
    const windowOf = (fromMs: number, toMs: number): Json => {
      const [download, upload] = [chance.is(0.2) ? 0 : chance.whole(1, 900_000), chance.whole(0, 9_000)];
      [down, up] = [down + download, up + upload];
      const counters = {
        data_session_data_download: down,
        data_session_data_upload: up,
        data_session_data_total: down + up,
      };
      return {
        data_download: download,
        data_upload: upload,
        data_total: download + upload,
        data_session_update_start_time: at(fromMs),
        data_session_update_end_time: at(toMs),
        ...(isV1 ? {} : counters),
      };
    };
    this.add('data-session.started', startMs, said());
    let fromMs = startMs;
    for (; fromMs + WINDOW_MS < endMs; fromMs += WINDOW_MS) {
      if (chance.is(0.08)) network = chance.pick(NETWORKS);
      if (chance.is(0.005)) isBlocked = !isBlocked;
      const toMs = fromMs + WINDOW_MS;
      this.add('data-session.updated', toMs, { ...said(), ...windowOf(fromMs, toMs) });
    }
    const end = { ...windowOf(fromMs, endMs), data_session_end_time: at(endMs) };
    this.add('data-session.ended', endMs, { ...said(), ...end });
  }
}

function textOf(chance: Chance, { data }: RawEvent): string {
  return JSON.stringify(chance.is(0.5) ? koreEvent(data) : twilioEvent(data, { id: data['event_sid'] }));
}

export function makeMonth({ seed, sims, days }: MonthOptions): Month {
  const chance = new Chance(seededRandom(seed));
  const fleetSids = [chance.sid('HF'), chance.sid('HF')];
  const simSids = Array.from({ length: sims }, () => chance.sid('HS'));
  const happened: RawEvent[] = [];
  const lost: RawEvent[] = [];
  const deliveries: { readonly atMs: number; readonly text: string; readonly event: RawEvent }[] = [];
  for (const simSid of simSids) {
    const life = new SimLife(chance, simSid, fleetSids, MONTH_START_MS + days * DAY_MS);
    life.live();
    for (const { atMs, event } of life.events) {
      happened.push(event);
      const { suffix } = event;
      const lossRate =
        suffix === 'data-session.updated' ? RATES.lostUpdate : suffix.endsWith('.ended') ? RATES.lostEnd : 0;
      if (chance.is(lossRate)) {
        lost.push(event);
        continue;
      }
      const delayMs = chance.is(RATES.veryLate)
        ? chance.whole(0, 3 * DAY_MS)
        : chance.whole(0, chance.is(RATES.late) ? 6 * HOUR_MS : 5 * SECOND_MS);
      deliveries.push({ atMs: atMs + delayMs, text: textOf(chance, event), event });
      if (chance.is(RATES.twice))
        deliveries.push({
          atMs: atMs + delayMs + chance.whole(0, 4 * HOUR_MS),
          text: textOf(chance, event),
          event,
        });
    }
  }
  deliveries.sort((a, b) => a.atMs - b.atMs);
  return { delivered: deliveries, happened, lost, simSids, fleetSids };
}
