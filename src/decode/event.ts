/** The decoded Super SIM connection event: Twilio's `data`, checked, in our spelling and units.
 *  Times are ms since 1970 (UTC); bytes are exact integers. Absent and null are both `undefined`.
 *  Source: Super SIM Connection Events (schema v1 and v2), docs/events. */

export interface Network {
  readonly mcc?: string;
  readonly mnc?: string;
  readonly name?: string;
  readonly isoCountry?: string;
  readonly sid?: string;
}

export interface EventError {
  readonly code?: number;
  readonly message?: string;
}

export interface Location {
  readonly cellId?: string;
  readonly lac?: string;
  readonly lat?: number;
  readonly lon?: number;
}

/** Oddities that are accepted and counted, never corrected. */
export type Anomaly =
  | 'total-mismatch'
  | 'session-total-mismatch'
  | 'window-reversed'
  | 'type-mismatch'
  | 'sid-mismatch';

/** Fields that identify people and places: kept only when the operator asks for them, field by field. */
export const PERSONAL_FIELDS = ['imsi', 'imei', 'ipAddress', 'location'] as const;
export type PersonalField = (typeof PERSONAL_FIELDS)[number];

interface EventBase {
  /** Identity: copies of one event, from any vendor, carry the same. */
  readonly eventSid: string;
  /** `data.timestamp`; copies of one event carry the same. Undefined when the event has none. */
  readonly timestampMs?: number;
  readonly accountSid: string;
  readonly simSid: string;
  readonly fleetSid?: string;
  readonly simIccid?: string;
  readonly simUniqueName?: string;
  readonly apn?: string;
  readonly ratType?: string;
  readonly network?: Network;
  readonly dataModifier?: string;
  readonly error?: EventError;
  /** Personal data: stored only when the operator opts in. */
  readonly imsi?: string;
  readonly imei?: string;
  readonly ipAddress?: string;
  readonly location?: Location;
  /** 16 bits of a hash of the IMSI, by which changes of it are counted: no IMSI can be told from it. Only of events
   *  that change a SIM's state. */
  readonly imsiTag?: number;
  readonly anomalies: readonly Anomaly[];
}

export interface AttachmentEvent extends EventBase {
  readonly kind: 'attachment';
  readonly verb: 'accepted' | 'rejected' | 'failed';
}

export interface DataSessionEvent extends EventBase {
  readonly kind: 'data-session';
  readonly verb: 'started' | 'updated' | 'ended' | 'failed';
  readonly dataSessionSid: string;
  readonly sessionStartMs?: number;
  readonly sessionEndMs?: number;
  readonly windowStartMs?: number;
  readonly windowEndMs?: number;
  /** Bytes of this event's window only. */
  readonly downloadBytes?: bigint;
  readonly uploadBytes?: bigint;
  /** Cumulative since the session's start (schema v2). */
  readonly sessionDownloadBytes?: bigint;
  readonly sessionUploadBytes?: bigint;
}

/** A session that never came to be: it has no sid and no usage, but says something of its SIM. */
export interface FailedStartEvent extends EventBase {
  readonly kind: 'session-start';
  readonly verb: 'failed';
}

/** Events of a SIM that belong to no session. */
export type SimEvent = AttachmentEvent | FailedStartEvent;
export type ConnectionEvent = SimEvent | DataSessionEvent;
