/** Builds what the first screen shows. Asked by every open page, built at most once in `BUILD_EVERY_MS`. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { FleetReader } from '../fleet/open-fleet.ts';
import { toJson } from '../json.ts';
import type { ReadyCheck } from '../ops/health.ts';
import type { Troubles } from '../ops/troubles.ts';
import type { ItemReader } from '../reader/item-reader.ts';
import type { tableNames } from '../store/tables.ts';
import type { Clock } from '../time.ts';
import { CachedRead, type LastRead } from './cached-read.ts';
import { FleetView, ownShards, within } from './fleet-view.ts';
import { Happenings } from './happenings.ts';
import { largest, type SampleHistory } from './history.ts';
import { readLetters } from './read-letters.ts';
import { readOpenSessions } from './read-open-sessions.ts';
import { problemOf, READ_WITHIN_MS } from './read-problem.ts';
import { sumTalkers, TALKERS_WINDOW_MS } from './recent-talkers.ts';
import { countsOf, shapeBooks } from './shape-books.ts';
import { shapeShards, shapeWorkers } from './shape-fleet.ts';
import type { FromTable, Letters, Now, OpenSessions, ShapedHappening, ShapedShard } from './shapes.ts';
import { findTroubles } from './troubles.ts';
import { judge } from './verdict.ts';
import type { WorkerReport } from './worker-report.ts';

const REPORTS_EVERY_MS = 900;
const BUILD_EVERY_MS = 900;
/** Tables that grow: what they show changes slowly, and reading them costs. Unit: ms. */
const LETTERS_EVERY_MS = 15_000;
const SESSIONS_EVERY_MS = 10_000;
/** When there is news, earlier. Unit: ms. */
const NEWS_EVERY_MS = 3_000;
const TALKERS_SHOWN = 10;
const RATE_OVER_MS = 10_000;
const ETA_OVER_MS = 60_000;
/** What was seen of others goes into the charts for so long. Unit: ms. */
const ELSEWHERE_FRESH_MS = 15_000;

export interface NowDeps {
  readonly clock: Clock;
  readonly fleet: FleetReader;
  readonly client: DynamoDBDocumentClient;
  readonly items: ItemReader;
  readonly names: ReturnType<typeof tableNames>;
  readonly reports: () => Promise<readonly WorkerReport[]>;
  readonly readiness: () => readonly ReadyCheck[];
  readonly troubles: Troubles;
  /** What else happened, said by whoever runs the workers. */
  readonly others: () => readonly ShapedHappening[];
  readonly about: Pick<Now, 'version' | 'stream' | 'application' | 'endpoints' | 'place'>;
}

const fromTable = <T>({ value, failing }: LastRead<T>, what: string): FromTable<T> => ({
  value: value ?? null,
  problem: failing ? problemOf(failing.error, what) : null,
});

export class NowView {
  private readonly deps: NowDeps;
  private readonly history: SampleHistory;
  private readonly happenings = new Happenings();
  private readonly fleet: FleetView;
  private readonly reports: CachedRead<readonly WorkerReport[]>;
  private readonly letters: CachedRead<Letters>;
  private readonly sessions: CachedRead<OpenSessions>;
  private built: { readonly atMs: number; readonly text: Promise<string> } | undefined;
  private deadLettered = 0;
  private talkingSims: ReadonlySet<string> = new Set();
  /** Shards of workers elsewhere, as last shown to somebody. */
  private elsewhere: { readonly atMs: number; readonly shards: readonly ShapedShard[] } | undefined;

  constructor(deps: NowDeps, history: SampleHistory) {
    const { clock, client, items, names } = deps;
    this.deps = deps;
    this.history = history;
    this.fleet = new FleetView({ ...deps, happenings: this.happenings });
    this.reports = new CachedRead({ clock, everyMs: REPORTS_EVERY_MS, read: deps.reports });
    this.letters = new CachedRead({
      clock,
      everyMs: LETTERS_EVERY_MS,
      read: () => within(clock, READ_WITHIN_MS, readLetters(client, names.deadLetters)),
    });
    const preferred = () => this.talkingSims;
    this.sessions = new CachedRead({
      clock,
      everyMs: SESSIONS_EVERY_MS,
      read: () =>
        within(
          clock,
          READ_WITHIN_MS,
          readOpenSessions({ client, items, tableName: names.sessions, preferred }),
        ),
    });
  }

  /** The JSON of a `Now`. */
  text(): Promise<string> {
    const nowMs = this.deps.clock.monotonicMs();
    if (!this.built || nowMs - this.built.atMs >= BUILD_EVERY_MS)
      this.built = { atMs: nowMs, text: this.build().then((now) => toJson(now)) };
    return this.built.text;
  }

  /** One more point of the charts. */
  async sample(): Promise<void> {
    const { clock } = this.deps;
    const reports = (await this.reports.get()).value ?? [];
    const lags = new Map<string, number | null>();
    const { elsewhere } = this;
    if (elsewhere && clock.monotonicMs() - elsewhere.atMs < ELSEWHERE_FRESH_MS)
      for (const { leaseKey, lagMs } of elsewhere.shards) lags.set(leaseKey, lagMs);
    for (const { leaseKey, lagMs } of ownShards(reports).values()) lags.set(leaseKey, lagMs);
    this.history.add({
      atMs: clock.wallMs(),
      monotonicMs: clock.monotonicMs(),
      counts: countsOf(shapeBooks(reports)),
      lags,
    });
  }

  async build(): Promise<Now> {
    const { about, readiness, troubles } = this.deps;
    const reports = (await this.reports.get()).value ?? [];
    const talkers = sumTalkers(
      reports.map((report) => report.talkers),
      TALKERS_SHOWN,
    );
    const books = shapeBooks(reports);
    const hasNews = books.deadLettered !== this.deadLettered;
    if (hasNews && this.letters.outdate(NEWS_EVERY_MS)) this.deadLettered = books.deadLettered;
    this.talkingSims = new Set(talkers.map(({ simSid }) => simSid));
    const [{ fleet, lags }, letters, sessions] = await Promise.all([
      this.fleet.get(reports),
      this.letters.get(),
      this.sessions.get(),
    ]);
    const own = ownShards(reports);
    const shards = fleet.value ? shapeShards(fleet.value, own, lags.value ?? new Map()) : [];
    const others = shards.filter(({ leaseKey, state }) => !own.has(leaseKey) && state !== 'finished');
    this.elsewhere = { atMs: this.deps.clock.monotonicMs(), shards: others };
    const lag = this.lagOf(shards);
    const found = findTroubles({
      checks: readiness(),
      said: [...troubles(), ...reports.flatMap((report) => report.troubles)],
      fleet: fleet.failing,
      lags: lags.failing,
      nowMs: this.deps.clock.wallMs(),
    });
    const refusedLately = this.history.countsOver(TALKERS_WINDOW_MS).deadLettered;
    const isFleetKnown = fleet.value !== undefined && !fleet.failing;
    return {
      ...about,
      verdict: judge({ books, shards, lag, troubles: found, refusedLately, isFleetKnown }),
      books,
      eventsPerSecond: Math.round(this.history.eventsPerSecond(RATE_OVER_MS) * 10) / 10,
      lag,
      shards,
      workers: shapeWorkers(fleet.value, shards, reports),
      fleetProblem: fleet.failing ? problemOf(fleet.failing.error, 'reading the lease table') : null,
      happenings: this.happenings.latest(reports, this.deps.others()),
      talkers,
      letters: fromTable(letters, 'reading the dead letters'),
      openSessions: fromTable(sessions, 'reading the open sessions'),
    };
  }

  private lagOf(shards: readonly ShapedShard[]): Now['lag'] {
    const maxMs = largest(shards.map(({ lagMs }) => lagMs));
    const etaMs = this.history.etaMs(ETA_OVER_MS);
    return {
      maxMs,
      shardId: shards.find(({ lagMs }) => maxMs !== null && lagMs === maxMs)?.leaseKey ?? null,
      unknown: shards.filter(({ lagUnknown }) => lagUnknown !== null).length,
      etaMs: etaMs === null ? null : Math.ceil(etaMs / 1_000) * 1_000,
    };
  }
}
