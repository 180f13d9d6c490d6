import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DataSessionEvent, PersonalField } from '../../../src/decode/event.ts';
import { SESSION_ITEM_BYTES } from '../../../src/estimate/formulas.ts';
import { EMPTY_MEMORY, type EventId, remember } from '../../../src/reduce/dedup-memory.ts';
import { emptySession, foldEvent } from '../../../src/reduce/session.ts';
import { itemSizeBytes } from '../../../src/store/item-size.ts';
import { sessionToItem } from '../../../src/store/session-attributes.ts';
import { sessionFromItem } from '../../../src/store/session-item.ts';
import type { StoredSession } from '../../../src/store/stored-session.ts';
import { SESSION_START_MS, sessionEvent, sid, WINDOW_MS } from '../../support/events.ts';

const ALL: ReadonlySet<PersonalField> = new Set(['imsi', 'imei', 'ipAddress', 'location']);
const NOW = { updatedAtMs: SESSION_START_MS + 1_000_000 };

function stored(
  events: readonly DataSessionEvent[],
  personal: ReadonlySet<PersonalField> = new Set(),
): StoredSession {
  const empty = emptySession(sid('PI', 'session'));
  return {
    session: events.reduce((session, event) => foldEvent(session, event, personal), empty),
    memory: remember(
      EMPTY_MEMORY,
      events.map((event) => ({ id: event.eventSid.slice(2) as EventId, event })),
    ),
    version: events.length,
    unknown: {},
  };
}

const realistic = (n: number): DataSessionEvent =>
  sessionEvent(n, {
    downloadBytes: 123_456_789n,
    uploadBytes: 98_765_432n,
    sessionDownloadBytes: 123_456_789_012n,
    sessionUploadBytes: 98_765_432_101n,
  });

describe('a session item', () => {
  it('of a full realistic session with a full ring is at most 1,024 bytes', () => {
    const events = Array.from({ length: 15 }, (_, n) => realistic(n + 1));
    const last = {
      ...realistic(16),
      verb: 'ended' as const,
      sessionEndMs: SESSION_START_MS + 16 * WINDOW_MS,
    };
    const item = sessionToItem(stored([...events, last]), NOW);

    expect(itemSizeBytes(item)).toBeLessThanOrEqual(1024);
    expect(itemSizeBytes(item)).toBeGreaterThan(900);
  });

  it('with half of its ring is as large as the estimate of costs takes it to be', () => {
    const events = Array.from({ length: 8 }, (_, n) => realistic(n + 1));

    const sizeBytes = itemSizeBytes(sessionToItem(stored(events), NOW));

    expect(Math.abs(sizeBytes / SESSION_ITEM_BYTES - 1)).toBeLessThan(0.05);
  });

  it('read back is the session that was written', () => {
    const personal = {
      imsi: '999700000000001',
      imei: '359990000000001',
      ipAddress: '100.127.0.1',
      location: { cellId: '1', lac: '2', lat: 1.5, lon: -2.25 },
    };
    const before = stored(
      [
        sessionEvent(1),
        sessionEvent(2, { dataModifier: 'blocked', error: { code: 83701, message: 'x' }, ...personal }),
      ],
      ALL,
    );

    expect(sessionFromItem(sessionToItem(before, NOW) as never)).toEqual(before);
  });

  it('keeps attributes that this version does not know', () => {
    const item = { ...sessionToItem(stored([sessionEvent(1)]), NOW), added_later: 'x' };

    expect(sessionToItem(sessionFromItem(item), NOW)).toEqual(item);
  });

  it('says what readers rely on, in their names and forms', () => {
    const { dedup, ...item } = sessionToItem(stored([sessionEvent(1)]), NOW);

    expect(dedup).toBeInstanceOf(Uint8Array);
    expect(item).toEqual({
      data_session_sid: sid('PI', 'session'),
      is_open: '1',
      account_sid: sid('AC', 'account'),
      sim_sid: sid('HS', 'sim'),
      fleet_sid: sid('HF', 'fleet'),
      sim_iccid: '89883070000005381783',
      sim_unique_name: 'Zeblaze Thor 6 Android Watch',
      apn: 'super',
      rat_type: '4G LTE',
      network: { mcc: '310', mnc: '260', name: 'T-Mobile', iso_country: 'US', sid: sid('HW', 'network') },
      status: 'open',
      started_at: '2026-03-01T00:00:00.000Z',
      usage_through: '2026-03-01T00:06:00.000Z',
      download_bytes: 1000n,
      upload_bytes: 100n,
      total_bytes: 1100n,
      counted_download_bytes: 1000n,
      counted_upload_bytes: 100n,
      missing_bytes: 0n,
      event_count: 1,
      update_count: 1,
      version: 1,
      updated_at: '2026-03-01T00:16:40.000Z',
      schema_version: 1,
    });
  });

  it('survives any counters', () => {
    const bytes = fc.bigInt({ min: 0n, max: 1n << 63n });
    fc.assert(
      fc.property(bytes, bytes, fc.integer({ min: 1, max: 40 }), (download, cumulative, count) => {
        const before = stored(
          Array.from({ length: count }, (_, n) =>
            sessionEvent(n, { downloadBytes: download, sessionDownloadBytes: cumulative }),
          ),
        );
        expect(sessionFromItem(sessionToItem(before, NOW) as never)).toEqual(before);
      }),
    );
  });

  it('that this program did not write is refused, not guessed at', () => {
    expect(() => sessionFromItem({ data_session_sid: 'PI1' })).toThrow(RangeError);
    expect(() => sessionFromItem({ data_session_sid: 'PI1', dedup: new Uint8Array([1]) })).toThrow(
      RangeError,
    );
  });
});
