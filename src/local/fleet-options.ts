/** What a simulated fleet is like. */
import { fromIso } from '../time.ts';

export interface FleetOptions {
  readonly seed: number;
  readonly devices: number;
  /** Simulated span. */
  readonly hours: number;
  /** Unit: ms since 1970. The span must lie in the past. */
  readonly startAtMs: number;
  /** Share of events that are delivered twice. */
  readonly duplicateRate: number;
  /** A tenth of the events are late by up to this much. Unit: ms. */
  readonly disorderMs: number;
  readonly lostEndedRate: number;
  readonly lostUpdateRate: number;
  /** Share of sessions of schema v1, and of sessions that change to v2 in their middle. */
  readonly v1Rate: number;
  readonly mixedSchemaRate: number;
  /** Share of records in KORE's envelope. */
  readonly koreRate: number;
  /** Share of records whose `data` is JSON text. */
  readonly stringDataRate: number;
  /** Share of records that are an array. */
  readonly arrayRate: number;
  /** Longest array. No vendor says that it puts several events into one record; the decoder takes them. */
  readonly arrayElementsMax: number;
  readonly attachStormRate: number;
  readonly rejectedRate: number;
  readonly testEvents: number;
  readonly unknownTypes: number;
  /** Poison records per event. */
  readonly poisonRate: number;
  /** At most so many events and other things delivered, the earliest; an array counts as its elements. */
  readonly eventsMax: number;
}

export const FLEET_DEFAULTS: FleetOptions = {
  seed: 1,
  devices: 20,
  hours: 24,
  startAtMs: fromIso('2026-03-01T00:00:00Z'),
  duplicateRate: 0.02,
  disorderMs: 15 * 60_000,
  lostEndedRate: 0.03,
  lostUpdateRate: 0.005,
  v1Rate: 0.15,
  mixedSchemaRate: 0.1,
  koreRate: 0.5,
  stringDataRate: 0.1,
  arrayRate: 0.05,
  arrayElementsMax: 1,
  attachStormRate: 0.05,
  rejectedRate: 0.05,
  testEvents: 2,
  unknownTypes: 3,
  poisonRate: 0,
  eventsMax: Number.MAX_SAFE_INTEGER,
};
