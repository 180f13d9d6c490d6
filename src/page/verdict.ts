/** The sentence on top of the page: is everything counted, and how far behind. The worst comes first. Pure. */
import { shardName } from './happenings.ts';
import type { Books, Level, ShapedShard, Verdict } from './shapes.ts';
import type { PageTrouble } from './troubles.ts';

/** Nobody need look at a lag below this. Unit: ms. */
const BEHIND_FROM_MS = 60_000;

export interface Situation {
  readonly books: Books;
  readonly shards: readonly ShapedShard[];
  readonly lag: {
    readonly maxMs: number | null;
    readonly shardId: string | null;
    readonly etaMs: number | null;
  };
  /** What keeps the workers or this page from their work. */
  readonly troubles: readonly PageTrouble[];
  /** Records refused in the last quarter of an hour. */
  readonly refusedLately: number;
  readonly isFleetKnown: boolean;
}

interface Finding {
  readonly level: Level;
  readonly text: string;
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** `3 minutes`. */
export function inWords(ms: number): string {
  const [unit, size] = UNITS.find(([, unitMs]) => ms >= unitMs) ?? UNITS[3];
  const count = Math.round(ms / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

const count = (number: number): string => number.toLocaleString('en-US');

const names = (shards: readonly ShapedShard[]): string => {
  const SHOWN = 4;
  const some = shards.slice(0, SHOWN).map(({ leaseKey }) => shardName(leaseKey));
  const rest = shards.length > SHOWN ? ` and ${shards.length - SHOWN} more` : '';
  return `${shards.length === 1 ? 'Shard' : 'Shards'} ${some.join(', ')}${rest}`;
};

function shardFindings(shards: readonly ShapedShard[]): Finding[] {
  const inState = (...states: string[]) => shards.filter(({ state }) => states.includes(state));
  const [parked, expired, free] = [inState('parked'), inState('expired'), inState('free')];
  const unreadable = inState('unreadable');
  const are = (some: readonly ShapedShard[], one: string, many: string) => (some.length === 1 ? one : many);
  return [
    parked.length > 0 && {
      level: 'bad' as const,
      text: `${names(parked)} ${are(parked, 'waits', 'wait')} for a person: the log says why.`,
    },
    expired.length > 0 && {
      level: 'warn' as const,
      text: `${names(expired)} ${are(expired, 'has', 'have')} an owner without a sign of life; another worker takes over.`,
    },
    free.length > 0 && {
      level: 'warn' as const,
      text: `${names(free)} ${are(free, 'has', 'have')} no owner yet.`,
    },
    unreadable.length > 0 && {
      level: 'warn' as const,
      text: `${count(unreadable.length)} row(s) of the lease table cannot be read.`,
    },
  ].filter((finding) => finding !== false);
}

function lagFinding({ lag }: Situation): Finding[] {
  const { maxMs, shardId, etaMs } = lag;
  if (maxMs === null || maxMs < BEHIND_FROM_MS) return [];
  const eta = etaMs === null ? '' : `, about ${inWords(etaMs)} to go`;
  return [
    {
      level: 'busy',
      text: `Catching up: shard ${shardName(shardId ?? '')} is ${inWords(maxMs)} behind${eta}.`,
    },
  ];
}

function bookFindings({ books, refusedLately }: Situation): Finding[] {
  const { isBalanced, gaps, deadLettered } = books;
  return [
    !isBalanced && {
      level: 'bad' as const,
      text: 'The books do not balance: please report this with the log.',
    },
    gaps > 0 && {
      level: 'bad' as const,
      text: 'Records were lost to the stream’s retention before they were read: see the gaps below.',
    },
    deadLettered > 0 && {
      level: refusedLately > 0 ? ('warn' as const) : ('good' as const),
      text: `Everything that could be read is counted; ${count(deadLettered)} record${deadLettered === 1 ? ' could not, and is kept as a dead letter' : 's could not, and are kept as dead letters'}.`,
    },
  ].filter((finding) => finding !== false);
}

const SEVERITY: readonly Level[] = ['good', 'busy', 'warn', 'bad'];
const worse = (a: Level, b: Level): Level => (SEVERITY.indexOf(a) >= SEVERITY.indexOf(b) ? a : b);

function goodNews({ books }: Situation): string {
  if (books.read === 0) return 'No event has been read yet.';
  return books.deadLettered > 0 ? '' : 'Everything that was read is counted.';
}

function howFar({ lag, isFleetKnown }: Situation): string {
  if (!isFleetKnown || lag.maxMs === null || lag.maxMs >= BEHIND_FROM_MS) return '';
  return lag.maxMs < 1_000 ? 'No shard is behind.' : `The slowest shard is ${inWords(lag.maxMs)} behind.`;
}

/** An outage costs time, not data: that is what one wants to know next. */
const COMFORT = 'Nothing is lost or counted twice: reading goes on by itself when it is over.';

export function judge(situation: Situation): Verdict {
  const findings = [
    ...situation.troubles,
    ...bookFindings(situation),
    ...shardFindings(situation.shards),
    ...lagFinding(situation),
  ];
  const level = findings.reduce<Level>((worst, finding) => worse(worst, finding.level), 'good');
  const sorted = [...findings].sort((a, b) => SEVERITY.indexOf(b.level) - SEVERITY.indexOf(a.level));
  const comfort = situation.troubles.some(({ isOutage }) => isOutage) ? [COMFORT] : [];
  const [first, ...texts] = sorted.map(({ text }) => text);
  const rest = [...comfort, ...texts, goodNews(situation), howFar(situation)].filter((text) => text !== '');
  if (level !== 'good') return { level, headline: first ?? '', details: rest };
  // All is well: the good news first, in one line.
  const news = [goodNews(situation), howFar(situation)].filter((text) => text !== '').join(' ');
  return { level, headline: first ? `${first} ${news}`.trim() : news, details: texts };
}
