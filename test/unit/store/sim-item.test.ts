import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EMPTY_MEMORY, type EventId, remember } from '../../../src/reduce/dedup-memory.ts';
import { emptySim, foldNews, type SimAggregate } from '../../../src/reduce/sim.ts';
import { OTA_APN } from '../../../src/reduce/sim-sessions.ts';
import { itemSizeBytes } from '../../../src/store/item-size.ts';
import { PackedReader } from '../../../src/store/packed-bytes.ts';
import { packSim, unpackSim } from '../../../src/store/packed-sim.ts';
import { type StoredSim, simFromItem, simToItem } from '../../../src/store/sim-item.ts';
import { simKind } from '../../../src/store/sim-kind.ts';
import { hex32, SESSION_START_MS, sessionEvent, sid } from '../../support/events.ts';
import { anyEvents, anyEventsTwice, newsOf, SIM } from '../../support/sim-arbitraries.ts';

const NOW = { updatedAtMs: SESSION_START_MS, writer: 7, expiresAtSeconds: 1_800_000_000 };
const NO_SIM: StoredSim = { sim: emptySim(SIM), memory: EMPTY_MEMORY, version: 0, unknown: {} };

const stored = (sim: SimAggregate, version = 1): StoredSim => ({ ...NO_SIM, sim, version });

describe('a SIM’s item', () => {
  it('read back is the SIM that was written', () => {
    fc.assert(
      fc.property(anyEvents(40), (events) => {
        const news = newsOf(events);
        const memory = remember(
          EMPTY_MEMORY,
          news.map((event) => ({ id: event.eventSid.slice(2) as EventId, event })),
        );
        const before = { ...stored(news.reduce(foldNews, emptySim(SIM))), memory };

        expect(simFromItem(simToItem(before, NOW))).toEqual(before);
      }),
    );
  });

  it('is the same after each of its events was written and read, in whatever order', () => {
    fc.assert(
      fc.property(anyEventsTwice(25), ([events, again]) => {
        const atOnce = newsOf(events).reduce(foldNews, emptySim(SIM));
        const oneByOne = newsOf(again).reduce(
          (sim, news) => simFromItem(simToItem(stored(foldNews(sim, news)), NOW)).sim,
          emptySim(SIM),
        );

        expect(simToItem(stored(oneByOne), NOW)).toEqual(simToItem(stored(atOnce), NOW));
      }),
    );
  });

  it('keeps attributes that this version does not know, through reads, folds and changes', () => {
    const [news] = newsOf([sessionEvent(1, { verb: 'started', simSid: SIM })]);
    const item = { ...simToItem(NO_SIM, NOW), added_later: 'x', later_map: { a: 1 } };
    const { sim, ...read } = simFromItem(item);
    const after = { ...read, sim: foldNews(sim, news as NonNullable<typeof news>), version: 1 };

    expect(simToItem(after, NOW)).toMatchObject({ added_later: 'x', later_map: { a: 1 } });
    expect(simKind('t', 0).changeFromItem(item, after, NOW).remove).toEqual([]);
  });

  it('as it is after changes is the item that is made whole', () => {
    fc.assert(
      fc.property(anyEventsTwice(12), ([events]) => {
        let [sim, item] = [NO_SIM, simToItem(NO_SIM, NOW)];
        for (const [at, news] of newsOf(events).entries()) {
          const after = { ...sim, sim: foldNews(sim.sim, news), version: at + 1 };
          const { set, remove } = simKind('t', 0).change(sim, after, NOW);
          item = Object.fromEntries(
            Object.entries({ ...item, ...set }).filter(([name]) => !remove.includes(name)),
          );
          sim = after;
        }

        expect(item).toEqual(simToItem(sim, NOW));
      }),
    );
  });

  it('that this program did not write, or that is damaged, is refused', () => {
    const item = simToItem(NO_SIM, NOW);
    const { sim_sid: _, ...nameless } = item;

    for (const damaged of [
      nameless,
      { ...item, dedup: 'x' },
      { ...item, state: new Uint8Array([9]) },
      { ...item, state: (item['state'] as Uint8Array).subarray(0, 2) },
    ])
      expect(() => simFromItem(damaged)).toThrow(RangeError);
  });
});

describe('the size of a SIM’s item', () => {
  const full = (ringSize: number): StoredSim => {
    const carrier = { mcc: '310', mnc: '260', name: 'T-Mobile', isoCountry: 'US', sid: sid('HW', 'network') };
    const events = Array.from({ length: 40 }, (_, n) =>
      n % 2 === 0
        ? ({
            kind: 'attachment',
            verb: n % 4 === 0 ? 'rejected' : 'accepted',
            eventSid: sid('EZ', `a${n}`),
            timestampMs: SESSION_START_MS + n * 60_000,
            accountSid: sid('AC', 'account'),
            simSid: SIM,
            fleetSid: sid('HF', 'fleet'),
            simIccid: '89883070000005381783',
            simUniqueName: 'Zeblaze Thor 6 Android Watch',
            ratType: '4G LTE',
            network: carrier,
            error: { code: 83_702 + (n % 8), message: 'Attachment rejected: network not allowed' },
            imsiTag: n % 3,
            anomalies: [],
          } as const)
        : sessionEvent(1, {
            verb: 'started',
            eventSid: sid('EZ', `s${n}`),
            dataSessionSid: `PI${hex32(`session ${n}`)}`,
            simSid: SIM,
            timestampMs: SESSION_START_MS + n * 60_000,
            sessionStartMs: SESSION_START_MS + n * 60_000,
            apn: n % 4 === 1 ? 'super' : OTA_APN,
          }),
    );
    const ring = Array.from({ length: ringSize }, (_, n) => hex32(`id ${n}`) as EventId);
    return {
      ...stored(newsOf(events).reduce(foldNews, emptySim(SIM))),
      memory: { ...EMPTY_MEMORY, ring },
    };
  };

  it('of a SIM with everything in it, its ring full, stays within two write units', () => {
    const bytes = itemSizeBytes(simToItem(full(16), NOW));

    expect(bytes).toBeLessThanOrEqual(2_048);
    expect(bytes).toBeGreaterThan(1_400);
  });

  it('has a bound whatever happens to the SIM: far from DynamoDB’s 400 KB', () => {
    const long = 'x'.repeat(256);
    let { sim } = full(0);
    for (let n = 0; n < 200; n += 1)
      sim = foldNews(sim, {
        eventSid: sid('EZ', String(n)),
        simSid: SIM,
        event: {
          kind: 'attachment',
          verb: 'rejected',
          eventSid: sid('EZ', String(n)),
          timestampMs: SESSION_START_MS + n,
          accountSid: 'AC1',
          simSid: SIM,
          network: { mcc: `${n}${long}`.slice(0, 256), mnc: long },
          error: { code: n, message: 'm'.repeat(1_024) },
          imsiTag: n,
          anomalies: [],
        },
      });

    expect(itemSizeBytes(simToItem(stored(sim), NOW))).toBeLessThan(64 * 1_024);
  });
});

describe('the packed part of a SIM', () => {
  it('unpacks to what was packed, and not to anything when it is cut off', () => {
    fc.assert(
      fc.property(anyEvents(40), (events) => {
        const { recent, sessions, imsiTags } = newsOf(events).reduce(foldNews, emptySim(SIM));
        const details = { recent, sessions, imsiTags, attachmentRank: 2 };
        const bytes = packSim(details);

        expect(unpackSim(bytes)).toEqual(details);
        for (let length = 0; length < bytes.length; length += 7)
          expect(() => unpackSim(bytes.subarray(0, length))).toThrow(RangeError);
      }),
    );
  });

  it('of a later layout, or with a transition that this version does not know, is refused', () => {
    const bytes = Buffer.from(packSim({ ...emptySim(SIM), attachmentRank: 0 }));
    const later = Buffer.from(bytes);
    later[0] = 2;
    const unknown = Buffer.from([1, 1, 0, 0, 0, 0, 0, 0, 99, 0, 0, 0, 0]);

    expect(() => unpackSim(later)).toThrow(RangeError);
    expect(() => unpackSim(unknown)).toThrow(RangeError);
    expect(new PackedReader(bytes).uint8()).toBe(1);
  });
});
