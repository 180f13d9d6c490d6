/** The first screen: the sentence, the books, and six figures. */
import type { Books, Now } from '../shapes.ts';
import { byId, make, renderKeyed, setAttribute, setText } from './dom.ts';
import { bytes, count, duration, exactBytes, plural, rate, shardName } from './format.ts';

/** From here on somebody may want to look. Unit: ms. */
export const LATE_FROM_MS = 60_000;

const BOOKS = [
  ['read', 'events read', '='],
  ['applied', 'counted', '+'],
  ['duplicate', 'duplicates', '+'],
  ['ignored', 'ignored', '+'],
  ['deadLettered', 'refused', ''],
] as const;

const reasonsText = (reasons: Readonly<Record<string, number>>): string =>
  Object.entries(reasons)
    .sort((a, b) => b[1] - a[1])
    .map(([reason, number]) => `${reason} ${count(number)}`)
    .join(', ');

function renderBooks(books: Books): void {
  const titles: Partial<Record<string, string>> = {
    duplicate: 'came again, and changed nothing',
    ignored: reasonsText(books.ignoredByReason),
    deadLettered: reasonsText(books.deadLetteredByReason),
  };
  renderKeyed(
    byId('books'),
    BOOKS.map(([name, label, sign], at) => {
      const value = books[name];
      const title = titles[name] ?? '';
      const before = BOOKS[at - 1]?.[2] ?? '';
      return {
        key: name,
        state: `${value} ${title}`,
        make: () => {
          const term = make('dt', { text: label });
          term.dataset['sign'] = before;
          const isRefused = name === 'deadLettered';
          const className = `${value === 0 ? 'zero' : ''} ${isRefused ? 'refused' : ''}`;
          const group = make('div', { className, title }, term, make('dd', { text: count(value) }));
          group.dataset['sign'] = sign;
          return group;
        },
      };
    }),
  );
}

function booksNote({ books, place }: Now): string {
  const whose = {
    worker: 'this worker',
    processes: 'the processes behind this address',
    demo: 'all workers of the demo',
  };
  const down = bytes(Number(books.downloadBytes));
  const up = bytes(Number(books.uploadBytes));
  const balance = books.isBalanced ? 'The books balance' : 'The books do not balance';
  return `${balance}, for ${whose[place]} since the start: ${down} down and ${up} up in ${plural(books.applied, 'distinct event')} of ${plural(books.records, 'record')}.`;
}

interface Tile {
  readonly label: string;
  readonly value: string;
  readonly more: string;
  readonly className?: string;
}

function lagTile({ lag, shards }: Now): Tile {
  const known = lag.maxMs !== null;
  const unknown = lag.unknown > 0 ? `, ${lag.unknown} not known` : '';
  const where =
    lag.shardId !== null && shards.length > 1 ? `shard ${shardName(lag.shardId)}${unknown}` : 'at most';
  const eta = lag.etaMs !== null && (lag.maxMs ?? 0) >= LATE_FROM_MS ? `, ${duration(lag.etaMs)} to go` : '';
  return {
    label: 'Slowest shard is behind',
    value: known ? duration(lag.maxMs ?? 0) : '–',
    more: known ? `${where}${eta}` : 'not known yet',
    className: (lag.maxMs ?? 0) >= LATE_FROM_MS ? 'warn' : '',
  };
}

function workersTile({ workers }: Now): Tile {
  const silent = workers.filter(({ isAlive }) => isAlive === false).length;
  return {
    label: 'Workers',
    value: count(workers.length - silent),
    more: silent > 0 ? `${silent} without a sign of life` : 'all show signs of life',
    className: silent > 0 ? 'warn' : '',
  };
}

function shardsTile({ shards }: Now): Tile {
  const open = shards.filter(({ state }) => state !== 'finished' && state !== 'unreadable');
  const read = open.filter(({ state }) => state === 'running' || state === 'held').length;
  const finished = shards.filter(({ state }) => state === 'finished').length;
  return {
    label: 'Shards being read',
    value: open.length === 0 ? '–' : `${count(read)} of ${count(open.length)}`,
    more: finished > 0 ? `${count(finished)} finished before` : 'none finished yet',
    className: read < open.length ? 'warn' : '',
  };
}

function lettersTile({ letters }: Now): Tile {
  const { value } = letters;
  const gaps = value?.gaps.length ?? 0;
  return {
    label: 'Dead letters kept',
    value: value ? `${count(value.count)}${value.isPartial ? '+' : ''}` : '–',
    more: gaps > 0 ? plural(gaps, 'gap') : value ? 'no gap in the stream' : 'not known',
    className: gaps > 0 ? 'bad' : (value?.count ?? 0) > 0 ? 'warn' : '',
  };
}

const tilesOf = (now: Now): readonly Tile[] => {
  const { openSessions: open, books } = now;
  const total = BigInt(books.downloadBytes) + BigInt(books.uploadBytes);
  return [
    lagTile(now),
    { label: 'Events a second', value: rate(now.eventsPerSecond), more: 'in the last 10 s' },
    shardsTile(now),
    workersTile(now),
    {
      label: 'Open sessions',
      value: open.value ? `${count(open.value.count)}${open.value.isPartial ? '+' : ''}` : '–',
      more: `${bytes(Number(total))} counted`,
    },
    lettersTile(now),
  ];
};

export function renderVerdict(now: Now): void {
  const { verdict } = now;
  setAttribute(byId('verdict'), 'data-level', verdict.level);
  setText(byId('headline'), verdict.headline);
  renderKeyed(
    byId('details'),
    verdict.details.map((text) => ({ key: text, state: '', make: () => make('li', { text }) })),
  );
  renderBooks(now.books);
  setText(byId('books-note'), booksNote(now));
  const { downloadBytes, uploadBytes } = now.books;
  setAttribute(
    byId('books-note'),
    'title',
    `${exactBytes(downloadBytes)} down, ${exactBytes(uploadBytes)} up`,
  );
  renderKeyed(
    byId('tiles'),
    tilesOf(now).map(({ label, value, more, className = '' }) => ({
      key: label,
      state: `${value} ${more} ${className}`,
      make: () =>
        make(
          'div',
          { className },
          make('dt', { text: label }),
          make('dd', { text: value }),
          make('dd', { className: 'more', text: more }),
        ),
    })),
  );
}
