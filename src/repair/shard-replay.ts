/** Reads one shard again over a span of time, beside the live workers, and applies what it holds.
 *
 *    reading ──page──► decode ──► keep what was asked for ──► store.apply ──► pause ──► reading
 *       └── at the tip, the shard's end, or past the span ──► done
 *
 *  No lease, no checkpoint: a replay that ends early is begun again, and what it stored is duplicates. */
import type { RecordDecoder } from '../decode/decode-record.ts';
import type { RecordPage, StreamRecord } from '../source/record.ts';
import { ShardPoller, type ShardPollerDeps } from '../source/shard-poller.ts';
import type { SessionStore } from '../store/session-store.ts';
import { Tally } from '../tally.ts';
import type { ReplayTally } from './replay-tally.ts';
import { type StoredEvent, settleAll } from './settle.ts';

/** Two of the five reads a second that a shard gives to all its readers together. Unit: ms.
 *  Source: Kinesis API, GetRecords. */
const BETWEEN_READS_MS = 500;
/** Half of the 2 MB/s that a shard gives. */
const BYTES_PER_SECOND = 1_000_000;
/** Decoded in one turn of the event loop: about 5 ms. */
const RECORDS_PER_PART = 100;
/** Arrival times are approximate and may go back a little: so far past the span nothing of it comes any more.
 *  Unit: ms. */
const PAST_SLACK_MS = 10_000;

export const RECORDS_PER_SECOND_DEFAULT = 400;
export const RECORDS_PER_SECOND_MAX = 10_000;

export interface ReplaySpan {
  /** Arrived at or after it. Unit: ms since 1970. */
  readonly fromMs: number;
  /** Arrived before it. Unit: ms since 1970. */
  readonly toMs: number;
}

export interface ShardReplayDeps extends ShardPollerDeps {
  readonly decode: RecordDecoder;
  /** The real store, or one that writes nothing. */
  readonly sessions: SessionStore;
  readonly tally: ReplayTally;
  /** Told where reading is, after each page. */
  readonly onProgress: (reached: ShardReached) => void;
}

export interface ShardReplayOptions extends ReplaySpan {
  readonly stream: string;
  readonly shardId: string;
  /** For people: the shard's id, with its stream where there are several. */
  readonly name: string;
  /** Only events of these; undefined is all. */
  readonly simSids: ReadonlySet<string> | undefined;
  /** Of this shard. */
  readonly recordsPerSecond: number;
}

export interface ShardReached {
  readonly name: string;
  /** From 0 to 1, by arrival time. */
  readonly share: number;
}

/** `stalled`: no answer for long, whatever was tried. */
export type ShardReplayEnd = 'done' | 'stopped' | 'stalled';

/** How long after the beginning of a read the next one may begin. Pure. Unit: ms. */
export const pauseAfter = (
  { bytes, records }: Pick<RecordPage, 'bytes' | 'records'>,
  recordsPerSecond: number,
): number =>
  Math.max(BETWEEN_READS_MS, (bytes / BYTES_PER_SECOND) * 1000, (records.length / recordsPerSecond) * 1000);

/** Most records of one read: what half a second allows. Pure. */
export const recordsPerRead = (recordsPerSecond: number): number =>
  Math.max(1, Math.ceil((recordsPerSecond * BETWEEN_READS_MS) / 1000));

/** Up to when the shard has been read, by arrival. Pure. Unit: ms since 1970; undefined when that is not known. */
export function reachedMs(
  { records, millisBehindLatest }: Pick<RecordPage, 'records' | 'millisBehindLatest'>,
  wallMs: number,
): number | undefined {
  const last = records.at(-1);
  if (last) return last.arrivedAtMs;
  return millisBehindLatest === undefined ? undefined : wallMs - millisBehindLatest;
}

export class ShardReplay {
  private readonly deps: ShardReplayDeps;
  private readonly options: ShardReplayOptions;
  private readonly poller: ShardPoller;
  /** Of the first record, for the progress: the stream may hold nothing of the span's beginning any more. */
  private firstMs: number | undefined;

  constructor(deps: ShardReplayDeps, options: ShardReplayOptions) {
    this.deps = deps;
    this.options = options;
    this.poller = new ShardPoller(deps, {
      stream: options.stream,
      shardId: options.shardId,
      leaseKey: options.name,
      startAt: { timestampMs: options.fromMs },
      recordsPerReadMax: recordsPerRead(options.recordsPerSecond),
    });
  }

  /** Reads until the span's end. `stopping` ends reading, and what was read is applied; `closing` ends that too.
   *  @throws `AbortError` by `closing`; whatever is fatal. */
  async run(stopping: AbortSignal, closing: AbortSignal): Promise<ShardReplayEnd> {
    const { clock } = this.deps;
    for (;;) {
      const startedAtMs = clock.monotonicMs();
      const page = await this.poller.next(stopping);
      if (page === 'aborted') return 'stopped';
      if (page === 'stalled') return 'stalled';
      await this.apply(page, closing);
      const isDone = this.isLast(page);
      this.report(page, isDone);
      if (isDone) return 'done';
      const elapsedMs = clock.monotonicMs() - startedAtMs;
      await clock.sleep(pauseAfter(page, this.options.recordsPerSecond) - elapsedMs, stopping);
    }
  }

  private isLast(page: RecordPage): boolean {
    if (page.shardEnd !== undefined || page.isAtTip) return true;
    const reached = reachedMs(page, this.deps.clock.wallMs());
    return reached !== undefined && reached >= this.options.toMs + PAST_SLACK_MS;
  }

  private async apply({ records }: RecordPage, closing: AbortSignal): Promise<void> {
    const { toMs } = this.options;
    this.firstMs ??= records[0]?.arrivedAtMs;
    const inSpan = records.filter(({ arrivedAtMs }) => arrivedAtMs < toMs);
    for (let from = 0; from < inSpan.length; from += RECORDS_PER_PART) {
      await this.applyPart(inSpan.slice(from, from + RECORDS_PER_PART), closing);
      await this.deps.clock.turn();
    }
  }

  private async applyPart(records: readonly StreamRecord[], closing: AbortSignal): Promise<void> {
    const { decode, sessions, tally } = this.deps;
    const part = new Tally();
    const events: StoredEvent[] = [];
    let [read, notAskedFor, bytes] = [0, 0, 0];
    for (const record of records) {
      bytes += record.data.length;
      for (const item of decode(record).items) {
        read += 1;
        // Poison and ignored records name no SIM that could be trusted: they are counted for all.
        if (item.kind === 'poison') part.deadLetter(item.reason);
        else if (item.kind === 'ignored') part.ignore(item.reason);
        else if (this.isAskedFor(item.event)) events.push(item.event);
        else notAskedFor += 1;
      }
    }
    settleAll(part, events, await sessions.apply(events, closing));
    // All at once, so that the books are balanced whenever they are looked at.
    tally.outcomes.add(part);
    tally.read += read;
    tally.notAskedFor += notAskedFor;
    tally.records += records.length;
    tally.bytes += bytes;
  }

  private isAskedFor({ simSid }: StoredEvent): boolean {
    return this.options.simSids?.has(simSid) ?? true;
  }

  private report(page: RecordPage, isDone: boolean): void {
    const { name, fromMs, toMs } = this.options;
    const reached = reachedMs(page, this.deps.clock.wallMs()) ?? fromMs;
    const startMs = Math.max(fromMs, this.firstMs ?? fromMs);
    const share = toMs > startMs ? (reached - startMs) / (toMs - startMs) : 1;
    this.deps.onProgress({ name, share: isDone ? 1 : Math.min(1, Math.max(0, share)) });
  }
}
