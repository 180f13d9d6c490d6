import { describe, expect, it } from '@jest/globals';
import { createDecoder } from '../../../src/decode/decode-record.ts';
import type { ConnectionEvent, DataSessionEvent } from '../../../src/decode/event.ts';
import { type Fleet, generateFleet } from '../../../src/local/fleet.ts';
import { CANARY_PATTERNS } from '../../../src/local/fleet-device.ts';
import { compareWithTruth } from '../../../src/local/ground-truth.ts';
import { EMPTY_MEMORY } from '../../../src/reduce/dedup-memory.ts';
import { emptySession, foldEvent } from '../../../src/reduce/session.ts';
import { gunzip, md5 } from '../../../src/source/record-codec.ts';
import { sessionToItem } from '../../../src/store/session-attributes.ts';

const decode = createDecoder({
  recordMaxBytes: 100_000,
  unzippedMaxBytes: 100_000,
  keepsSims: true,
  md5,
  gunzip,
});
const fleet = generateFleet({
  seed: 3,
  devices: 40,
  hours: 30,
  poisonRate: 0.01,
  duplicateRate: 0.05,
  arrayElementsMax: 4,
});

/** What each line decodes to. */
const itemsOf = ({ lines }: Fleet) =>
  lines.map(({ data, kind, count }) => ({
    kind,
    count,
    items: decode({
      data: new TextEncoder().encode(data),
      arrivedAtMs: Date.parse('2026-04-01T00:00:00Z'),
      partitionKey: 'k',
    }).items,
  }));

const distinctEvents = (from: Fleet): ConnectionEvent[] => {
  const events = new Map<string, ConnectionEvent>();
  for (const { items } of itemsOf(from))
    for (const item of items)
      if (item.kind === 'event' && !events.has(item.event.eventSid))
        events.set(item.event.eventSid, item.event);
  return [...events.values()];
};

describe('a generated fleet', () => {
  it('is the same for the same seed, and another for another', () => {
    const small = { devices: 3, hours: 5 };

    expect(generateFleet({ seed: 5, ...small })).toEqual(generateFleet({ seed: 5, ...small }));
    expect(generateFleet({ seed: 6, ...small }).lines).not.toEqual(
      generateFleet({ seed: 5, ...small }).lines,
    );
  });

  it('decodes to what its lines are said to be', () => {
    const declared = fleet.lines.map(({ kind, count }) =>
      Array(count).fill(kind === 'duplicate' ? 'event' : kind),
    );

    expect(itemsOf(fleet).map(({ items }) => items.map(({ kind }) => kind))).toEqual(declared);
  });

  it('ends with the totals of what its lines decode to, the ignored ones by reason', () => {
    const items = itemsOf(fleet).flatMap((line) => line.items.map((item) => ({ ...item, as: line.kind })));
    const { totals } = fleet.truth;

    for (const [reason, count] of Object.entries(totals.ignored_by_reason))
      expect([
        reason,
        items.filter((item) => item.kind === 'ignored' && item.reason === reason).length,
      ]).toEqual([reason, count]);
    expect(Math.min(...Object.values(totals.ignored_by_reason))).toBeGreaterThan(0);
    expect(items.filter(({ kind }) => kind === 'ignored')).toHaveLength(totals.ignored);
    expect(items.filter(({ kind }) => kind === 'poison')).toHaveLength(totals.poison);
    expect(items.filter(({ as }) => as === 'duplicate')).toHaveLength(totals.duplicates);
    expect(items.filter(({ as }) => as === 'event')).toHaveLength(totals.distinct);
  });

  it('keeps its rates', () => {
    const { totals } = fleet.truth;
    const connection = fleet.lines.filter(({ data }) => data.includes('"event_sid') && data.startsWith('{'));
    const share = (part: string): number =>
      connection.filter(({ data }) => data.includes(part)).length / connection.length;

    expect(totals.duplicates / totals.distinct).toBeCloseTo(0.05, 1);
    expect(share('kore-events')).toBeCloseTo(0.5, 1);
    expect(totals.poison / (totals.distinct + totals.duplicates + totals.ignored)).toBeCloseTo(0.01, 3);
  });

  it('delivers at most as much as asked for, arrays counted by their elements', () => {
    const { lines } = generateFleet({ devices: 5, eventsMax: 200, arrayRate: 0.5, arrayElementsMax: 4 });

    expect(lines.reduce((sum, { count }) => sum + count, 0)).toBe(200);
    expect(lines.some(({ count }) => count > 1)).toBe(true);
  });

  it('delivers late what disorder asks for, and in order without it', () => {
    const steps = (disorderMs: number): number => {
      const times = itemsOf(
        generateFleet({ devices: 5, disorderMs, duplicateRate: 0, arrayRate: 0 }),
      ).flatMap(({ items }) =>
        items.flatMap((item) => (item.kind === 'event' ? [item.event.timestampMs ?? 0] : [])),
      );
      return Math.max(...times.slice(1).map((time, at) => (times[at] ?? 0) - time));
    };

    expect(steps(0)).toBeLessThan(3_000);
    expect(steps(15 * 60_000)).toBeGreaterThan(60_000);
    expect(steps(15 * 60_000)).toBeLessThanOrEqual(15 * 60_000);
  });

  it('folds to its own books, which were kept apart from the fold', () => {
    const sessions = new Map<string, DataSessionEvent[]>();
    for (const event of distinctEvents(fleet))
      if (event.kind === 'data-session')
        sessions.set(event.dataSessionSid, [...(sessions.get(event.dataSessionSid) ?? []), event]);
    const stored = [...sessions].map(([sid, events]) => {
      const session = events.reduce(
        (folded, event) => foldEvent(folded, event, new Set()),
        emptySession(sid),
      );
      return sessionToItem({ session, memory: EMPTY_MEMORY, version: 1, unknown: {} }, { updatedAtMs: 0 });
    });

    expect(distinctEvents(fleet)).toHaveLength(fleet.truth.totals.distinct);
    expect(compareWithTruth(stored, fleet.truth)).toEqual([]);
  });

  it('has books that notice a byte too many, a session missing and a session too many', () => {
    const [sid, truth] = Object.entries(fleet.truth.sessions)[0] ?? [];
    const wrong = compareWithTruth(
      [{ ...truth, data_session_sid: sid, total_bytes: 1n }, { data_session_sid: 'PI0' }],
      fleet.truth,
    );

    expect(wrong).toHaveLength(1 + 1 + Object.keys(fleet.truth.sessions).length - 1);
    expect(wrong[0]).toMatchObject({ attribute: 'total_bytes', got: '1' });
  });

  it('holds both envelopes, both schemas, both APNs, text data, arrays, losses, gaps and disorder', () => {
    const text = fleet.lines.map(({ data }) => data);
    const truths = Object.values(fleet.truth.sessions);

    for (const part of [
      '"source":"kore-events"',
      '"id":"EZ',
      '"apn":"ota.super"',
      'attachment.rejected',
      '"data":"{',
      'blocked',
    ])
      expect([part, text.some((line) => line.includes(part))]).toEqual([part, true]);
    expect(text.some((line) => line.startsWith('['))).toBe(true);
    expect(
      text.some((line) => line.includes('data-session.updated') && !line.includes('data_session_data_total')),
    ).toBe(true);
    expect(truths.some(({ missing_bytes: missing }) => missing > 0)).toBe(true);
    expect(new Set(truths.map(({ status }) => status))).toEqual(new Set(['open', 'ended', 'failed']));
    expect(
      truths.some(
        (truth) =>
          truth.total_bytes > truth.counted_download_bytes + truth.counted_upload_bytes + truth.missing_bytes,
      ),
    ).toBe(true);
  });

  it('has windows as long as measured ones: four in five are of 360 s', () => {
    const windows = itemsOf(fleet).flatMap(({ items }) =>
      items.flatMap((item) =>
        item.kind === 'event' && item.event.verb === 'updated'
          ? [((item.event.windowEndMs ?? 0) - (item.event.windowStartMs ?? 0)) / 1000]
          : [],
      ),
    );

    expect(windows.filter((length) => length === 360).length / windows.length).toBeCloseTo(0.783, 1);
    expect(Math.max(...windows)).toBeLessThanOrEqual(459);
  });

  it('marks personal values, so that every output can be searched for them', () => {
    const text = fleet.lines.map(({ data }) => data).join('\n');

    for (const pattern of CANARY_PATTERNS) expect(text).toMatch(pattern);
    const names = ['imsi', 'imei', 'sim_iccid', 'ip_address', 'lat', 'lon'];
    for (const [at, name] of names.entries()) {
      const values = [...text.matchAll(new RegExp(`"${name}":"?([^",}]+)`, 'g'))].map(([, value]) => value);
      const whole = new RegExp(`^${CANARY_PATTERNS[at]?.source}$`);
      expect([name, values.length > 0, values.filter((value) => !whole.test(value ?? ''))]).toEqual([
        name,
        true,
        [],
      ]);
    }
  });
});
