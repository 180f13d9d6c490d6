/** The fleet's own books: what each session's item must say, from the events delivered. Written apart from the
 *  product's fold, from the documents alone, so that the two check each other. */
import { fromIso } from '../time.ts';
import type { Happening } from './fleet-session.ts';
import { type SimTruth, simTruthOf } from './sim-truth.ts';
import { type UsageTruth, UsageTruthKeeper } from './usage-truth.ts';

/** Attributes as the session item has them. Times: ISO 8601 with milliseconds and `Z`. Bytes: whole numbers
 *  below 2^53, so that the truth is plain JSON; a simulated session stays far below. */
export interface SessionTruth {
  readonly account_sid: string;
  readonly sim_sid: string;
  readonly apn: string;
  readonly status: 'open' | 'ended' | 'failed';
  readonly started_at: string;
  readonly ended_at?: string;
  readonly usage_through?: string;
  readonly download_bytes: number;
  readonly upload_bytes: number;
  readonly total_bytes: number;
  readonly counted_download_bytes: number;
  readonly counted_upload_bytes: number;
  readonly missing_bytes: number;
  readonly event_count: number;
  readonly update_count: number;
}

/** Why an event is not metered, in the product's words. */
export type IgnoredTruth = 'test-event' | 'other-type';

/** What a run over all of the fleet's records must end with. */
export interface GroundTruth {
  readonly sessions: Readonly<Record<string, SessionTruth>>;
  readonly sims: Readonly<Record<string, SimTruth>>;
  readonly usage: UsageTruth;
  readonly totals: {
    /** Distinct events. */
    readonly distinct: number;
    /** Further copies of those. */
    readonly duplicates: number;
    /** Each copy counts. */
    readonly ignored: number;
    readonly ignored_by_reason: Readonly<Record<IgnoredTruth, number>>;
    readonly poison: number;
  };
}

/** One attribute of one session that is not as the truth says; `item` when the whole session is missing or extra. */
export interface Difference {
  readonly dataSessionSid: string;
  readonly attribute: string;
  readonly expected: string;
  readonly got: string;
}

type Data = Happening['data'];

const number = (data: Data, name: string): number | undefined => data[name] as number | undefined;
/** `…52Z` → `…52.000Z`; both then sort as text. */
const time = (data: Data, name: string): string | undefined =>
  (data[name] as string | undefined)?.replace(/(\d)Z$/, '$1.000Z');
const latest = (times: readonly (string | undefined)[]): string | undefined =>
  times.reduce((a, b) => (a === undefined || (b !== undefined && b > a) ? b : a), undefined);

const earliest = (times: readonly (string | undefined)[]): string | undefined =>
  times.filter((text) => text !== undefined).sort()[0];

/** One direction's bytes: counted windows, the greatest counter, and what came before the first event. */
function direction(events: readonly Happening[], name: 'download' | 'upload', isFromStart: boolean) {
  let counted = 0;
  let cumulative: number | undefined;
  let before = Number.POSITIVE_INFINITY;
  for (const { data } of events) {
    const delta = number(data, `data_${name}`) ?? 0;
    const counter = number(data, `data_session_data_${name}`);
    counted += delta;
    if (counter === undefined) continue;
    cumulative = Math.max(cumulative ?? 0, counter);
    before = Math.min(before, Math.max(0, counter - delta));
  }
  const missing = cumulative === undefined ? 0 : cumulative - counted - (isFromStart ? 0 : before);
  return { counted, used: Math.max(counted, cumulative ?? 0), missing: Math.max(0, missing) };
}

const verbOf = ({ suffix }: Happening): string => suffix.replace('data-session.', '');

function showsStart({ suffix, data }: Happening): boolean {
  const [from, start] = [time(data, 'data_session_update_start_time'), time(data, 'data_session_start_time')];
  return suffix.endsWith('.started') || (from !== undefined && start !== undefined && from <= start);
}

const timestampMs = ({ data }: Happening): number => fromIso(String(data['timestamp']));

function lastTerminal(events: readonly Happening[]): Happening | undefined {
  const order = ['failed', 'ended'];
  return events
    .filter((event) => order.includes(verbOf(event)))
    .sort((a, b) => timestampMs(a) - timestampMs(b) || order.indexOf(verbOf(a)) - order.indexOf(verbOf(b)))
    .at(-1);
}

/** A session that ended did so when its event says it happened; one that failed only where it is said. */
const endOf = (terminal: Happening): string | undefined =>
  time(terminal.data, 'data_session_end_time') ??
  (verbOf(terminal) === 'ended' ? time(terminal.data, 'timestamp') : undefined);

const usageEnd = (event: Happening): string | undefined =>
  time(event.data, 'data_session_update_end_time') ??
  (verbOf(event) === 'ended' ? time(event.data, 'data_session_end_time') : undefined);

function truthOf(events: readonly Happening[]): SessionTruth {
  const isFromStart = events.some(showsStart);
  const [download, upload] = [
    direction(events, 'download', isFromStart),
    direction(events, 'upload', isFromStart),
  ];
  const terminal = lastTerminal(events);
  const endedAt = terminal && endOf(terminal);
  const usageThrough = latest(events.map(usageEnd));
  const first = (events[0] as Happening).data;
  return {
    account_sid: String(first['account_sid']),
    sim_sid: String(first['sim_sid']),
    apn: String(first['apn']),
    status: terminal ? (verbOf(terminal) as 'ended' | 'failed') : 'open',
    started_at: String(earliest(events.map(({ data }) => time(data, 'data_session_start_time')))),
    ...(endedAt ? { ended_at: endedAt } : {}),
    ...(usageThrough ? { usage_through: usageThrough } : {}),
    download_bytes: download.used,
    upload_bytes: upload.used,
    total_bytes: download.used + upload.used,
    counted_download_bytes: download.counted,
    counted_upload_bytes: upload.counted,
    missing_bytes: download.missing + upload.missing,
    event_count: events.length,
    update_count: events.filter((event) => verbOf(event) === 'updated').length,
  };
}

/** Keeps the books while records are delivered. */
export class TruthKeeper {
  private readonly seen = new Set<unknown>();
  private readonly sessions = new Map<string, Happening[]>();
  private readonly sims = new Map<string, Happening[]>();
  private readonly usage = new UsageTruthKeeper();
  private readonly ignored: Record<IgnoredTruth, number> = { 'test-event': 0, 'other-type': 0 };
  private duplicates = 0;
  private poison = 0;

  deliver(happening: Happening): 'event' | 'duplicate' {
    const { data } = happening;
    if (this.seen.has(data['event_sid'])) {
      this.duplicates += 1;
      return 'duplicate';
    }
    this.seen.add(data['event_sid']);
    const sid = data['data_session_sid'];
    if (typeof sid === 'string') keepUnder(this.sessions, sid, happening);
    keepUnder(this.sims, String(data['sim_sid']), happening);
    this.usage.add(happening);
    return 'event';
  }

  /** Ignored events are counted each time they arrive. */
  deliverIgnored(reason: IgnoredTruth): 'ignored' {
    this.ignored[reason] += 1;
    return 'ignored';
  }

  deliverPoison(): 'poison' {
    this.poison += 1;
    return 'poison';
  }

  finish(): GroundTruth {
    return {
      sessions: Object.fromEntries([...this.sessions].map(([sid, events]) => [sid, truthOf(events)])),
      sims: Object.fromEntries(
        [...this.sims].flatMap(([sid, events]) => {
          const truth = simTruthOf(events);
          return truth ? [[sid, truth]] : [];
        }),
      ),
      usage: this.usage.finish(),
      totals: {
        distinct: this.seen.size,
        duplicates: this.duplicates,
        ignored: Object.values(this.ignored).reduce((sum, count) => sum + count, 0),
        ignored_by_reason: { ...this.ignored },
        poison: this.poison,
      },
    };
  }
}

function keepUnder(kept: Map<string, Happening[]>, sid: string, happening: Happening): void {
  const events = kept.get(sid);
  if (events) events.push(happening);
  else kept.set(sid, [happening]);
}

const shown = (value: unknown): string => (value === undefined ? '(absent)' : String(value));

/** Every attribute of every session that differs from the truth, sessions missing or too many among them. */
export function compareWithTruth(
  items: Iterable<Readonly<Record<string, unknown>>>,
  truth: GroundTruth,
): Difference[] {
  const differences: Difference[] = [];
  const missing = new Map(Object.entries(truth.sessions));
  for (const item of items) {
    const dataSessionSid = String(item['data_session_sid']);
    const expected = missing.get(dataSessionSid);
    missing.delete(dataSessionSid);
    const differ = (attribute: string, want: unknown): void => {
      const [wanted, got] = [shown(want), shown(item[attribute])];
      if (wanted !== got) differences.push({ dataSessionSid, attribute, expected: wanted, got });
    };
    if (!expected)
      differences.push({ dataSessionSid, attribute: 'item', expected: '(absent)', got: 'stored' });
    else for (const name of TRUTH_ATTRIBUTES) differ(name, expected[name]);
  }
  for (const dataSessionSid of missing.keys())
    differences.push({ dataSessionSid, attribute: 'item', expected: 'stored', got: '(absent)' });
  return differences;
}

const TRUTH_ATTRIBUTES = [
  'account_sid',
  'sim_sid',
  'apn',
  'status',
  'started_at',
  'ended_at',
  'usage_through',
  'download_bytes',
  'upload_bytes',
  'total_bytes',
  'counted_download_bytes',
  'counted_upload_bytes',
  'missing_bytes',
  'event_count',
  'update_count',
] as const satisfies readonly (keyof SessionTruth)[];
