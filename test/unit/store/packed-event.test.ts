import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DataSessionEvent } from '../../../src/decode/event.ts';
import { sessionEvents } from '../../../src/store/packed-event.ts';

const { pack, unpack } = sessionEvents;
const SID = 'HW0123456789abcdef0123456789abcdef';
const UPDATED: DataSessionEvent = {
  kind: 'data-session',
  verb: 'updated',
  eventSid: 'EZ0123456789abcdef0123456789abcdef',
  accountSid: 'AC1',
  simSid: 'HS1',
  dataSessionSid: SID,
  anomalies: [],
  timestampMs: 1_750_000_000_123,
  network: { mcc: '262', mnc: '01' },
  downloadBytes: 12_345_678_901n,
};

const anyTimeMs = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const anyCounter = fc.oneof(fc.bigInt(0n, 2n ** 64n), fc.bigInt(0n, 3_000n));
const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string());
const anyHex = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 });
const anyEventSid = fc.oneof(
  anyHex.map((hex) => `EZ${hex}`),
  anyHex.map((hex) => `EZ${hex.toUpperCase()}`),
  anyText,
);
const some = { requiredKeys: [], noNullPrototype: true };
const anyEvent = fc.record(
  {
    kind: fc.constant('data-session' as const),
    verb: fc.constantFrom('started' as const, 'updated' as const, 'ended' as const, 'failed' as const),
    eventSid: anyEventSid,
    accountSid: fc.constantFrom('AC1', 'AC2'),
    simSid: fc.constantFrom('HS1', 'HS2'),
    dataSessionSid: fc.constant(SID),
    anomalies: fc.constantFrom([], ['total-mismatch' as const]),
    fleetSid: fc.constantFrom('HF1', 'HF2'),
    simIccid: anyText,
    simUniqueName: fc.constantFrom('ä€😀', ''),
    apn: anyText,
    ratType: fc.constantFrom('4G LTE', '5G NR'),
    dataModifier: fc.constant('blocked'),
    network: fc.record({ mcc: fc.constantFrom('262', '310'), name: anyText }, some),
    error: fc.record({ code: fc.integer(), message: anyText }, some),
    imsi: anyText,
    imei: anyText,
    ipAddress: anyText,
    location: fc.record({ cellId: anyText, lat: fc.double({ noNaN: true }) }, some),
    imsiTag: fc.nat(65_535),
    timestampMs: anyTimeMs,
    sessionStartMs: anyTimeMs,
    sessionEndMs: anyTimeMs,
    windowStartMs: anyTimeMs,
    windowEndMs: anyTimeMs,
    downloadBytes: anyCounter,
    uploadBytes: anyCounter,
    sessionDownloadBytes: anyCounter,
    sessionUploadBytes: anyCounter,
  },
  {
    requiredKeys: ['kind', 'verb', 'eventSid', 'accountSid', 'simSid', 'dataSessionSid', 'anomalies'],
    noNullPrototype: true,
  },
) satisfies fc.Arbitrary<DataSessionEvent>;

describe('an event while it waits', () => {
  it('is an equal one afterwards, whatever its session’s events before it were', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 6 }), (events) => {
        let last: ReturnType<typeof pack>;
        const packed = events.map((event) => {
          last = pack(event, last);
          return last;
        });
        expect(packed.map((each) => each && unpack(each, SID))).toStrictEqual(events);
      }),
      { numRuns: 500 },
    );
  });

  it('shares with its session’s other events what they say too, and takes little for the rest', () => {
    const first = pack(UPDATED, undefined);
    const next = pack({ ...UPDATED, network: { mcc: '262', mnc: '01' }, downloadBytes: 1n }, first);
    const roaming = pack({ ...UPDATED, network: { mcc: '310', mnc: '01' } }, next);

    expect(next?.common).toBe(first?.common);
    expect(roaming?.common).not.toBe(first?.common);
    expect(first?.own).toHaveLength(3 + 16 + 6 + 5);
  });

  it.each([
    ['a time before 1970', { timestampMs: -1 }],
    ['a part of a millisecond', { windowEndMs: 0.5 }],
    ['a time beyond 48 bits', { sessionEndMs: 2 ** 48 }],
    ['an id that is no text', { eventSid: 'EZ\ud800' }],
    ['bytes below nothing', { uploadBytes: -1n }],
    ['bytes beyond 64 bits', { sessionUploadBytes: 2n ** 64n + 1n }],
  ])('waits as it is when it has %s', (_, odd) => {
    expect(pack({ ...UPDATED, ...odd }, undefined)).toBeUndefined();
  });
});
