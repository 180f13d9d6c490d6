import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DataSessionEvent } from '../../../src/decode/event.ts';
import { foldHours, HOUR_MS, type HourUsage, hourOf, NO_USAGE } from '../../../src/reduce/hourly-usage.ts';
import { emptySession, foldEvent } from '../../../src/reduce/session.ts';
import { partsOf } from '../../../src/reduce/usage-day.ts';
import { SESSION_START_MS, sessionEvent, sid, WINDOW_MS } from '../../support/events.ts';
import { shuffled } from '../../support/sim-arbitraries.ts';

/** Counts a session's events a few at a time, as swaps do, and hands on what each closed. */
function run(batches: readonly (readonly DataSessionEvent[])[]) {
  let session = emptySession(sid('PI', 'session'));
  let usage = NO_USAGE;
  const handedOn: HourUsage[] = [];
  const names: string[] = [];
  for (const [at, events] of batches.entries()) {
    for (const event of events) session = foldEvent(session, event, new Set());
    usage = foldHours(
      usage,
      events.map((event) => ({ event })),
      session,
      at + 1,
    );
    handedOn.push(...usage.closed);
    const named = { sid: session.dataSessionSid, simSid: 'HS1', version: usage.closedAtVersion };
    names.push(...partsOf(named, usage.closed).map(({ eventSid }) => eventSid));
  }
  return { session, open: usage.open, handedOn, names };
}

/** `2026-… super 310` → bytes. */
function sums(entries: readonly HourUsage[]): Record<string, string> {
  const sums: Record<string, bigint> = {};
  for (const { hourMs, line, downloadBytes, uploadBytes } of entries)
    for (const [direction, bytes] of [
      ['down', downloadBytes],
      ['up', uploadBytes],
    ] as const) {
      const name = `${hourMs / HOUR_MS} ${JSON.stringify(Object.entries(line).sort())} ${direction}`;
      sums[name] = (sums[name] ?? 0n) + bytes;
    }
  return Object.fromEntries(
    Object.entries(sums)
      .filter(([, bytes]) => bytes > 0n)
      .map(([name, bytes]) => [name, String(bytes)])
      .sort(),
  );
}

/** Straight from the events: the hour in which each window ended, and the line that the event itself names. */
function recounted(events: readonly DataSessionEvent[]): Record<string, string> {
  return sums(
    events.map(({ windowEndMs = 0, apn = '', fleetSid = '', network = {}, ...event }) => ({
      hourMs: Math.floor(windowEndMs / HOUR_MS) * HOUR_MS,
      line: {
        apn,
        fleetSid,
        ...(network.mcc ? { mcc: network.mcc } : {}),
        ...(network.mnc ? { mnc: network.mnc } : {}),
        ...(network.isoCountry ? { isoCountry: network.isoCountry } : {}),
      },
      downloadBytes: event.downloadBytes ?? 0n,
      uploadBytes: event.uploadBytes ?? 0n,
    })),
  );
}

const anyUpdates = fc
  .array(
    fc.record({
      n: fc.integer({ min: 1, max: 300 }),
      downloadBytes: fc.bigInt({ min: 0n, max: 1n << 62n }),
      network: fc.constantFrom({ mcc: '310', mnc: '260', isoCountry: 'US' }, { mcc: '234', mnc: '15' }),
      apn: fc.constantFrom('super', 'iot'),
      isEnd: fc.boolean(),
    }),
    { maxLength: 30 },
  )
  .map((updates) =>
    updates.map(({ n, isEnd, ...changes }, at) =>
      sessionEvent(n, {
        eventSid: sid('EZ', String(at)),
        ...changes,
        ...(isEnd && at === 0 ? { verb: 'ended', sessionEndMs: SESSION_START_MS + 400 * WINDOW_MS } : {}),
      }),
    ),
  );
/** Cut into swaps somewhere. */
const anyBatches = anyUpdates.chain(shuffled).chain((events) =>
  fc
    .array(fc.integer({ min: 1, max: 5 }), { minLength: events.length, maxLength: events.length })
    .map((sizes) => {
      const left = [...events];
      const batches: DataSessionEvent[][] = [];
      for (const size of sizes) if (left.length > 0) batches.push(left.splice(0, size));
      return batches;
    }),
);

describe('a session’s usage by hour', () => {
  it('is handed on once, whole, whatever the order and however it is cut into swaps', () => {
    fc.assert(
      fc.property(anyBatches, (batches) => {
        const { open, handedOn, names } = run(batches);

        expect(sums([...open, ...handedOn])).toEqual(recounted(batches.flat()));
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });

  it('stays open for the session’s current hour only, and not at all once it is over', () => {
    fc.assert(
      fc.property(anyBatches, (batches) => {
        const { open, session } = run(batches);

        if (session.terminal) expect(open).toEqual([]);
        for (const { hourMs } of open) expect(hourMs).toBe(hourOf(session.usageThroughMs ?? 0));
        expect(open.length).toBeLessThanOrEqual(4);
      }),
    );
  });

  it('closes an hour with the first event of a later one, not before', () => {
    const { open, handedOn } = run([[sessionEvent(9)], [sessionEvent(10)], [sessionEvent(11)]]);

    // The tenth window ends with the hour: it belongs to the next.
    expect(handedOn.map(({ hourMs, downloadBytes }) => [hourMs - SESSION_START_MS, downloadBytes])).toEqual([
      [0, 1000n],
    ]);
    expect(open.map(({ hourMs, downloadBytes }) => [hourMs - SESSION_START_MS, downloadBytes])).toEqual([
      [HOUR_MS, 2000n],
    ]);
  });

  it('has no line for windows without bytes', () => {
    expect(run([[sessionEvent(1, { downloadBytes: 0n, uploadBytes: 0n })]]).open).toEqual([]);
  });
});
