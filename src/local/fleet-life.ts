/** A simulated device's life over the span: attachments, data sessions on both APNs, rejections. */

import { type Device, surroundings } from './fleet-device.ts';
import type { FleetOptions } from './fleet-options.ts';
import { type Happening, SESSION_ERROR, SessionSimulation, seconds } from './fleet-session.ts';
import type { Chance } from './seeded-random.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** A device that may not connect tries on, but not for ever in one run. */
const REJECTIONS_MAX = 40;
/** Network not allowed, rate limited, SIM new, SIM inactive. Source: KORE's error codes. */
const REJECTION_CODES = [83702, 83703, 83704, 83705] as const;

const inSeconds = (ms: number): number => Math.floor(ms / 1000) * 1000;

export class DeviceLife {
  private readonly chance: Chance;
  private readonly device: Device;
  private readonly options: FleetOptions;
  private readonly untilMs: number;
  private readonly happenings: Happening[] = [];

  constructor(chance: Chance, device: Device, options: FleetOptions) {
    this.chance = chance;
    this.device = device;
    this.options = options;
    this.untilMs = options.startAtMs + options.hours * HOUR_MS;
  }

  run(): readonly Happening[] {
    const { startAtMs, rejectedRate } = this.options;
    const { chance } = this;
    if (chance.is(rejectedRate)) return this.runRejected();
    // One device in five was connected long before we look.
    const isOld = chance.is(0.2);
    let atMs = inSeconds(startAtMs + (isOld ? -chance.whole(1, 3 * DAY_MS) : chance.whole(0, HOUR_MS)));
    while (atMs < this.untilMs) {
      this.attach(atMs);
      atMs = this.connect(atMs + chance.whole(1, 20) * 1000) + chance.whole(1, 60) * MINUTE_MS;
    }
    return this.happenings;
  }

  private event(kind: 'attachment' | 'data-session', verb: string, atMs: number, changes: object = {}): void {
    const network = this.chance.pick(this.device.networks);
    const data = {
      event_sid: this.chance.sid('EZ'),
      timestamp: seconds(atMs),
      ...this.device.identity,
      ...surroundings(this.chance, network),
      ...changes,
    };
    this.happenings.push({ atMs, suffix: `${kind}.${verb}`, schema: 2, data });
  }

  private runRejected(): readonly Happening[] {
    let atMs = inSeconds(this.options.startAtMs + this.chance.whole(0, HOUR_MS));
    for (let count = 0; count < REJECTIONS_MAX && atMs < this.untilMs; count += 1) {
      if (this.chance.is(0.9))
        this.event('attachment', 'rejected', atMs, {
          error: { code: this.chance.pick(REJECTION_CODES), message: 'Attachment rejected' },
        });
      else this.event('attachment', 'failed', atMs, { error: { code: 83700, message: 'Internal error' } });
      atMs += this.chance.whole(5, 300) * 1000;
    }
    return this.happenings;
  }

  /** The network may have cached its permission: then there is no event. A storm is many of them. */
  private attach(atMs: number): void {
    const { chance } = this;
    const times = chance.is(this.options.attachStormRate) ? chance.whole(5, 15) : chance.is(0.85) ? 1 : 0;
    for (let count = times; count > 0; count -= 1) this.event('attachment', 'accepted', atMs - count * 1000);
  }

  /** One session, with an update check on the other APN beside it; returns its end. */
  private connect(startMs: number): number {
    const { chance } = this;
    if (chance.is(0.03)) {
      // Never came to be: no session to name.
      this.event('data-session', 'failed', startMs, { apn: 'super', error: SESSION_ERROR });
      return startMs;
    }
    const lengthMs = chance.pick([
      chance.whole(1, 60) * MINUTE_MS,
      chance.whole(1, 10) * HOUR_MS,
      chance.whole(1, 5) * DAY_MS,
    ]);
    const endMs = inSeconds(startMs + lengthMs);
    this.session('super', startMs, endMs);
    this.checkForUpdates(startMs + chance.whole(60, 120) * 1000);
    return endMs;
  }

  /** The SIM's own connection, a minute or two after power-up; larger updates open several, back to back. */
  private checkForUpdates(atMs: number): void {
    if (!this.chance.is(0.6)) return;
    let startMs = atMs;
    for (let blocks = this.chance.pick([1, 1, 1, 3]); blocks > 0; blocks -= 1) {
      const endMs = startMs + this.chance.whole(20, 90) * 1000;
      this.session('ota.super', startMs, endMs);
      startMs = endMs + 1000;
    }
  }

  private session(apn: string, startMs: number, endMs: number): void {
    const { v1Rate, mixedSchemaRate } = this.options;
    const share = this.chance.whole(1, 1_000) / 1_000;
    const schema = share <= v1Rate ? 'v1' : share <= v1Rate + mixedSchemaRate ? 'v1-then-v2' : 'v2';
    const end = this.chance.is(0.04) ? 'failed' : 'ended';
    const plan = { apn, startMs, endMs, untilMs: this.untilMs, schema, end } as const;
    this.happenings.push(...new SessionSimulation(this.chance, this.device, plan).run());
  }
}
