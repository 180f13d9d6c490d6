/** Runs dead letters through today's decoder and the ordinary exactly-once path.
 *
 *    letter ──bytes──► decode ──events──► store.apply   1. durable first: a crash here repeats work, never loses it
 *                        │                    │
 *                        │                    └─ all of it durable ─► remove the letter   2. only that one, as it was
 *                        └─ still poison, or without bytes ─► it stays
 *
 *  Killed between 1 and 2 the letter is there again, and its events are duplicates. */
import type { DecodedItem, PoisonReason, RecordDecoder } from '../decode/decode-record.ts';
import { mapLimit, throwIfAborted } from '../retry.ts';
import { type DeadLetterHead, GAP_REASON } from '../store/dead-letter-item.ts';
import type { DeadLetterTable } from '../store/dead-letter-table.ts';
import type { SessionStore } from '../store/session-store.ts';
import { Tally } from '../tally.ts';
import type { Clock } from '../time.ts';
import { settleAll } from './settle.ts';

/** Letters under way at once: each may unzip to several MB. */
const LETTERS_AT_ONCE = 4;
/** Then they are reported, and a stop is heeded. */
const LETTERS_PER_ROUND = 40;

/** What became of a letter; in a preview, what would. All but `redriven` and `gone` stay where they are. */
export const LETTER_OUTCOMES = [
  /** Everything it stands for is durable, and it was removed. */
  'redriven',
  /** Today's decoder understands it no better, or only a part. */
  'still-poison',
  /** The store can still not take it. */
  'refused',
  /** Its bytes were not kept: only a replay can bring its events, while the stream has them. */
  'without-bytes',
  /** Its bytes are not those that were put in. */
  'damaged',
  /** A stream gap: there is no record to run again. */
  'gap',
  /** Arrived longer ago than event ids are remembered: it might count twice. */
  'too-old',
  /** Another one removed it, or put it anew, meanwhile. */
  'gone',
] as const;
export type LetterOutcome = (typeof LETTER_OUTCOMES)[number];

export interface RedrivenLetter {
  readonly head: DeadLetterHead;
  readonly outcome: LetterOutcome;
  /** Of the events it stands for; `deadLettered` counts what is still poison or refused, by today's reason. */
  readonly tally: Tally;
}

/** Reasons that were said of one element; all others are of a whole record, so that everything in it is meant. */
const ELEMENT_REASONS: ReadonlySet<string> = new Set<PoisonReason>([
  'not-an-object',
  'missing-type',
  'missing-data',
  'data-not-json',
  'data-not-an-object',
  'unknown-verb',
  'missing-event-sid',
  'missing-account-sid',
  'missing-sim-sid',
  'missing-session-sid',
  'invalid-field',
  'invalid-timestamp',
  'timestamp-out-of-range',
  'invalid-bytes',
  'unsafe-integer',
  'bytes-without-direction',
]);

/** The items of its bytes that a letter may stand for; the others have letters of their own, or were counted.
 *  Without `element` only `index` tells, which counts from the Kinesis record's start: in an aggregate other user
 *  records came before, so the letter's own item is the one at `index` or one before it. Pure. */
export function itemsMeant(
  items: readonly DecodedItem[],
  { reason, index, element }: Pick<DeadLetterHead, 'reason' | 'index' | 'element'>,
): readonly DecodedItem[] {
  if (!ELEMENT_REASONS.has(reason)) return items;
  const own = element === undefined ? undefined : items[element];
  if (own) return [own];
  return Number.isInteger(index) && index >= 0 ? items.slice(0, index + 1) : items;
}

export interface RedriveDeps {
  readonly decode: RecordDecoder;
  /** The real store; for a preview one that writes nothing. */
  readonly sessions: SessionStore;
  readonly letters: Pick<DeadLetterTable, 'letter' | 'remove'>;
  readonly clock: Clock;
}

export interface RedriveOptions {
  /** False: a preview. */
  readonly isExecuted: boolean;
  /** How long event ids are remembered. Unit: ms. */
  readonly horizonMs: number;
}

export class Redrive {
  private readonly deps: RedriveDeps;
  private readonly options: RedriveOptions;

  constructor(deps: RedriveDeps, options: RedriveOptions) {
    this.deps = deps;
    this.options = options;
  }

  /** Redrives letter after letter until `stopping` aborts. What is under way is finished; `closing` ends that too.
   *  @throws `AbortError` by `closing`; whatever is fatal. */
  async *run(
    heads: AsyncIterable<DeadLetterHead>,
    stopping: AbortSignal,
    closing: AbortSignal,
  ): AsyncGenerator<RedrivenLetter> {
    let round: DeadLetterHead[] = [];
    for await (const head of heads) {
      if (stopping.aborted) return;
      round.push(head);
      if (round.length < LETTERS_PER_ROUND) continue;
      yield* await this.redriveAll(round, closing);
      round = [];
    }
    if (!stopping.aborted) yield* await this.redriveAll(round, closing);
  }

  private redriveAll(heads: readonly DeadLetterHead[], closing: AbortSignal): Promise<RedrivenLetter[]> {
    return mapLimit(heads, LETTERS_AT_ONCE, (head) => this.redrive(head, closing));
  }

  private async redrive(head: DeadLetterHead, closing: AbortSignal): Promise<RedrivenLetter> {
    throwIfAborted(closing);
    const tally = new Tally();
    if (head.reason === GAP_REASON) return { head, outcome: 'gap', tally };
    const { clock, decode, letters } = this.deps;
    if (!(head.arrivedAtMs >= clock.wallMs() - this.options.horizonMs))
      return { head, outcome: 'too-old', tally };
    const letter = await letters.letter(head);
    if (letter === undefined) return { head, outcome: 'gone', tally };
    const { raw, head: current } = letter;
    if (raw.kind !== 'bytes') return { head: current, outcome: raw.kind, tally };
    const { arrivedAtMs } = current;
    const { items } = decode({ data: raw.bytes, arrivedAtMs, partitionKey: '' });
    // 1. Durable first.
    const outcome = await this.apply(itemsMeant(items, current), tally, closing);
    if (outcome !== 'redriven' || !this.options.isExecuted) return { head: current, outcome, tally };
    // 2. Then the letter, if it is still the one that was read.
    const removed = await letters.remove(current);
    return { head: current, outcome: removed === 'removed' ? 'redriven' : 'gone', tally };
  }

  private async apply(
    items: readonly DecodedItem[],
    tally: Tally,
    closing: AbortSignal,
  ): Promise<'redriven' | 'still-poison' | 'refused'> {
    const events = items.flatMap((item) => (item.kind === 'event' ? [item.event] : []));
    let isPoison = false;
    for (const item of items)
      if (item.kind === 'ignored') tally.ignore(item.reason);
      else if (item.kind === 'poison') {
        tally.deadLetter(item.reason);
        isPoison = true;
      }
    const refused = settleAll(tally, events, await this.deps.sessions.apply(events, closing));
    if (refused > 0) return 'refused';
    return isPoison ? 'still-poison' : 'redriven';
  }
}

/** What became of all letters. */
export class RedriveSummary {
  letters = 0;
  readonly outcomes = new Map<LetterOutcome, number>(LETTER_OUTCOMES.map((outcome) => [outcome, 0]));
  readonly tally = new Tally();

  add({ outcome, tally }: Pick<RedrivenLetter, 'outcome' | 'tally'>): void {
    this.letters += 1;
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    this.tally.add(tally);
  }
}
