/** A simulated device: who it is, and what every event of it carries. */
import type { Chance } from './seeded-random.ts';

export type EventData = Readonly<Record<string, unknown>>;

export interface Device {
  readonly accountSid: string;
  readonly identity: EventData;
  readonly networks: readonly EventData[];
}

/** Personal values are taken from these ranges only, so that a test can look for them in every output. */
export const CANARY_PATTERNS: readonly RegExp[] = [
  /99970\d{10}/,
  /35999\d{10}/,
  /8988307999\d{10}/,
  /100\.127\.\d+\.\d+/,
  /12\.3456\d*/,
  /65\.4321\d*/,
];

const CARRIERS = [
  { mcc: '310', mnc: '260', friendly_name: 'T-Mobile', iso_country: 'US' },
  { mcc: '310', mnc: '410', friendly_name: 'AT&T', iso_country: 'US' },
  { mcc: '234', mnc: '15', friendly_name: 'Vodafone UK', iso_country: 'GB' },
  { mcc: '262', mnc: '01', friendly_name: 'Telekom Deutschland', iso_country: 'DE' },
  { mcc: '302', mnc: '012', friendly_name: 'Télébec', iso_country: 'CA' },
] as const;

export function makeDevice(chance: Chance, accountSid: string, fleetSid: string, number: number): Device {
  const carriers = [chance.pick(CARRIERS), chance.pick(CARRIERS)];
  return {
    accountSid,
    identity: {
      account_sid: accountSid,
      sim_sid: chance.sid('HS'),
      fleet_sid: fleetSid,
      sim_iccid: `8988307999${chance.digits(10)}`,
      ...(chance.is(0.8) ? { sim_unique_name: `Tracker ${number}` } : {}),
      imsi: `99970${chance.digits(10)}`,
      ...(chance.is(0.9) ? { imei: `35999${chance.digits(10)}` } : {}),
      ip_address: `100.127.${chance.whole(0, 255)}.${chance.whole(1, 254)}`,
    },
    networks: carriers.map((carrier) => ({ ...carrier, sid: chance.sid('HW') })),
  };
}

/** Where and over what the device is connected: differs from event to event within a session. */
export const surroundings = (chance: Chance, network: EventData): EventData => ({
  network,
  rat_type: chance.pick(['4G LTE', '4G LTE', '4G LTE', '3G', 'LTE Cat-M']),
  ...(chance.is(0.85)
    ? {
        location: {
          cell_id: chance.digits(8),
          lac: chance.digits(5),
          lat: 12.3456 + chance.whole(0, 99) / 1_000_000,
          lon: 65.4321 + chance.whole(0, 99) / 1_000_000,
        },
      }
    : { location: null }),
});
