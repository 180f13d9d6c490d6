import { describe, expect, it } from '@jest/globals';
import { generateFleet } from '../../../src/local/fleet.ts';
import { compareWithTruth } from '../../../src/local/ground-truth.ts';

type Data = Readonly<Record<string, string | undefined>>;

/** The delivered events of data sessions, each once, from the lines' text alone. */
function distinctEvents(lines: readonly { readonly data: string; readonly kind: string }[]): Data[] {
  const bySid = new Map<string, Data>();
  for (const { data: text, kind } of lines) {
    if (kind === 'poison') continue;
    for (const { data: raw } of [JSON.parse(text)].flat()) {
      const data = typeof raw === 'string' ? JSON.parse(raw) : raw;
      if (data.data_session_sid !== undefined) bySid.set(data.event_sid, data);
    }
  }
  return [...bySid.values()];
}

const ms = (data: Data, name: string): number => Date.parse(data[name] ?? '');
const iso = (time: number): string => new Date(time).toISOString();
const verb = (data: Data): string => data['event_type']?.split('.').at(-1) ?? '';
const numbers = (events: readonly Data[], name: string): number[] =>
  events.map((data) => Number(data[name])).filter((value) => !Number.isNaN(value));
const times = (events: readonly Data[], name: string): number[] =>
  events.map((data) => ms(data, name)).filter((value) => !Number.isNaN(value));

function recountDirection(events: readonly Data[], direction: string) {
  const counted = numbers(events, `data_${direction}`).reduce((sum, bytes) => sum + bytes, 0);
  const cumulative = Math.max(...numbers(events, `data_session_data_${direction}`), Number.NEGATIVE_INFINITY);
  const isFromStart = events.some(
    (data) =>
      verb(data) === 'started' ||
      ms(data, 'data_session_update_start_time') <= ms(data, 'data_session_start_time'),
  );
  const befores = events
    .filter((data) => data[`data_session_data_${direction}`] !== undefined)
    .map((data) =>
      Math.max(0, Number(data[`data_session_data_${direction}`]) - Number(data[`data_${direction}`] ?? 0)),
    );
  const before = isFromStart || befores.length === 0 ? 0 : Math.min(...befores);
  return {
    counted,
    used: Math.max(cumulative, counted),
    missing: befores.length === 0 ? 0 : Math.max(0, cumulative - counted - before),
  };
}

function recountEnd(events: readonly Data[]) {
  const score = (data: Data): number => ms(data, 'timestamp') + (verb(data) === 'ended' ? 0.5 : 0);
  const last = events
    .filter((data) => ['ended', 'failed'].includes(verb(data)))
    .reduce<Data | undefined>((best, data) => (best && score(best) >= score(data) ? best : data), undefined);
  if (!last) return { status: 'open' };
  const name =
    last['data_session_end_time'] === undefined && verb(last) === 'ended'
      ? 'timestamp'
      : 'data_session_end_time';
  return {
    status: verb(last),
    ...(last[name] === undefined ? {} : { ended_at: iso(ms(last, name)) }),
  };
}

function recount(events: readonly Data[]): Record<string, unknown> {
  const [download, upload] = [recountDirection(events, 'download'), recountDirection(events, 'upload')];
  const through = Math.max(
    ...times(
      events.filter((data) => verb(data) !== 'started'),
      'data_session_update_end_time',
    ),
    ...times(
      events.filter((data) => verb(data) === 'ended' && !data['data_session_update_end_time']),
      'data_session_end_time',
    ),
  );
  return {
    account_sid: events[0]?.['account_sid'],
    sim_sid: events[0]?.['sim_sid'],
    apn: events[0]?.['apn'],
    ...recountEnd(events),
    started_at: iso(Math.min(...times(events, 'data_session_start_time'))),
    ...(Number.isFinite(through) ? { usage_through: iso(through) } : {}),
    download_bytes: download.used,
    upload_bytes: upload.used,
    total_bytes: download.used + upload.used,
    counted_download_bytes: download.counted,
    counted_upload_bytes: upload.counted,
    missing_bytes: download.missing + upload.missing,
    event_count: events.length,
    update_count: events.filter((data) => verb(data) === 'updated').length,
  };
}

describe('the ground truth', () => {
  it.each([1, 2, 3, 4])('equals a recount of the delivered lines (seed %d)', (seed) => {
    const fleet = generateFleet({
      seed,
      devices: 25,
      hours: 30,
      lostUpdateRate: 0.03,
      lostEndedRate: 0.1,
      duplicateRate: 0.1,
      poisonRate: 0.01,
      arrayElementsMax: 4,
    });

    const sessions = new Map<string, Data[]>();
    for (const data of distinctEvents(fleet.lines)) {
      const sid = String(data['data_session_sid']);
      sessions.set(sid, [...(sessions.get(sid) ?? []), data]);
    }

    expect(fleet.truth.totals.distinct).toBeGreaterThan(2_000);
    expect(Object.fromEntries([...sessions].map(([sid, events]) => [sid, recount(events)]))).toEqual(
      fleet.truth.sessions,
    );
  });

  it('survives JSON', () => {
    const { truth } = generateFleet({ devices: 3 });

    expect(JSON.parse(JSON.stringify(truth))).toEqual(truth);
  });

  it('holds sessions that fail and then end, at the same instant too, and ends without an end time', () => {
    const { lines, truth } = generateFleet({ seed: 5, devices: 150, hours: 40 });
    const events = distinctEvents(lines);
    const failed = new Map(
      events.filter((data) => verb(data) === 'failed').map((data) => [data['data_session_sid'], data]),
    );
    const pairs = events.flatMap((ended) => {
      const failure = failed.get(ended['data_session_sid'] ?? '');
      return verb(ended) === 'ended' && failure
        ? [
            {
              order: Math.sign(ms(ended, 'timestamp') - ms(failure, 'timestamp')),
              status: truth.sessions[String(ended['data_session_sid'])]?.status,
            },
          ]
        : [];
    });

    expect(pairs.find(({ order }) => order < 0)?.status).toBe('failed');
    expect(pairs.find(({ order }) => order === 0)?.status).toBe('ended');
    expect(pairs.find(({ order }) => order > 0)?.status).toBe('ended');
    expect(events.some((data) => verb(data) === 'ended' && !data['data_session_end_time'])).toBe(true);
  });

  it('compares numbers and bigints alike', () => {
    const { truth } = generateFleet({ devices: 2, hours: 3 });
    const items = Object.entries(truth.sessions).map(([sid, session]) => ({
      ...session,
      data_session_sid: sid,
      total_bytes: BigInt(session.total_bytes),
    }));

    expect(compareWithTruth(items, truth)).toEqual([]);
  });
});
