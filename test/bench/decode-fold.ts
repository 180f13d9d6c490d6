/** A: decode and fold alone, beside bare `JSON.parse` of the same bytes. Rounds of both take turns, and the best
 *  round of each counts: what else the machine does only makes a round longer. */
import { createDecoder } from '../../src/decode/decode-record.ts';
import type { SessionAggregate } from '../../src/reduce/session.ts';
import { emptySession, foldEvent } from '../../src/reduce/session.ts';
import { gunzip, md5 } from '../../src/source/record-codec.ts';
import { systemClock } from '../../src/time.ts';
import { makeLoad } from './stub/make-load.ts';

export interface DecodeFoldResult {
  readonly events: number;
  readonly bytesPerRecord: number;
  readonly decodeFoldEventsPerSecond: number;
  readonly jsonParseEventsPerSecond: number;
  /** Time of decode and fold to that of `JSON.parse`. */
  readonly ratio: number;
}

const ROUNDS = 9;
const NO_FIELDS: ReadonlySet<never> = new Set();

export function measureDecodeFold(events: number): DecodeFoldResult {
  const load = makeLoad({ devices: Math.ceil(events / 12), recordsMax: events });
  const records = load.shards.flat().map(({ text, partitionKey }) => ({
    data: new Uint8Array(Buffer.from(text)),
    arrivedAtMs: systemClock.wallMs(),
    partitionKey,
  }));
  const decode = createDecoder({
    recordMaxBytes: 262_144,
    unzippedMaxBytes: 1_048_576,
    personalFields: NO_FIELDS,
    md5,
    gunzip,
  });
  const utf8 = new TextDecoder('utf-8', { fatal: true });

  const decodeFold = (): number => {
    const sessions = new Map<string, SessionAggregate>();
    for (const record of records)
      for (const item of decode(record).items) {
        if (item.kind !== 'event' || item.event.kind !== 'data-session')
          throw new Error(`the load holds ${item.kind}`);
        const sid = item.event.dataSessionSid;
        sessions.set(sid, foldEvent(sessions.get(sid) ?? emptySession(sid), item.event, NO_FIELDS));
      }
    return [...sessions.values()].reduce((sum, { eventCount }) => sum + eventCount, 0);
  };
  const parse = (): number => {
    let count = 0;
    for (const { data } of records) if (JSON.parse(utf8.decode(data)) !== null) count += 1;
    return count;
  };
  const timed = (work: () => number): number => {
    const startedAtMs = systemClock.monotonicMs();
    const count = work();
    if (count !== records.length) throw new Error(`${count} of ${records.length} events came through`);
    return systemClock.monotonicMs() - startedAtMs;
  };
  const times = Array.from({ length: ROUNDS }, () => [timed(decodeFold), timed(parse)] as const);
  const [ours, bare] = [Math.min(...times.map(([ms]) => ms)), Math.min(...times.map(([, ms]) => ms))];
  return {
    events: records.length,
    bytesPerRecord: Math.round(records.reduce((sum, { data }) => sum + data.length, 0) / records.length),
    decodeFoldEventsPerSecond: Math.round((records.length / ours) * 1_000),
    jsonParseEventsPerSecond: Math.round((records.length / bare) * 1_000),
    ratio: Math.round((ours / bare) * 100) / 100,
  };
}
