/** Refused records: how many, why, and what to do; and gaps. */
import type { Letters, Now, ShapedLetter } from '../shapes.ts';
import { byId, make, type Row, renderKeyed, renderRows, setText, show } from './dom.ts';
import { bytes, count, plural, shardName, shortSequence, shortTime } from './format.ts';

const letterRow = (letter: ShapedLetter, words: ReadonlyMap<string, string>): Row => ({
  key: `${letter.shardId} ${letter.recordId}`,
  cells: [
    { text: shortTime(letter.arrivedAt), title: letter.arrivedAt },
    {
      text: `${letter.reason}${letter.field ? ` · ${letter.field}` : ''}`,
      title: words.get(letter.reason) ?? '',
    },
    { text: shardName(letter.shardId), title: letter.shardId },
    { text: shortSequence(letter.sequenceNumber), title: letter.recordId, className: 'mono soft' },
    bytes(letter.rawBytes),
  ],
});

const gapRow = (gap: ShapedLetter): Row => ({
  key: `${gap.shardId} ${gap.recordId}`,
  cells: [
    { text: shortTime(gap.recordedAt), title: gap.recordedAt },
    { text: shardName(gap.shardId), title: gap.shardId },
    { text: gap.sequenceNumber, className: 'mono' },
  ],
});

function renderReasons(letters: Letters | null): void {
  renderKeyed(
    byId('reasons'),
    (letters?.byReason ?? []).map(({ reason, words, count: number, lastAt }) => ({
      key: reason,
      state: `${number} ${lastAt}`,
      make: () => {
        const code = make('code', { text: reason });
        const line = make('div', { className: 'top-line' }, code, make('span', { text: count(number) }));
        return make('li', {}, line, make('p', { text: `${words}. Last ${shortTime(lastAt)}.` }));
      },
    })),
  );
}

function renderNotes({ value, problem }: Now['letters']): void {
  const hasLetters = (value?.count ?? 0) > 0;
  show(byId('refused-lists'), hasLetters);
  show(byId('refused-empty'), !hasLetters);
  const none =
    value?.gaps.length === 0
      ? 'No record was refused, and nothing was lost to retention.'
      : 'No record was refused.';
  setText(byId('refused-empty'), value ? none : (problem ?? 'Looking…'));
  const some = value?.isPartial
    ? 'of the first rows read; `dead-letters` shows all'
    : 'kept, counted and passed';
  const note = `${plural(value?.count ?? 0, 'dead letter')}, ${problem ? 'as last read' : some}`;
  setText(byId('refused-note'), hasLetters ? note : '');
}

function renderNext(latest: ShapedLetter | undefined): void {
  show(byId('letters-next'), latest !== undefined);
  if (!latest) return;
  const { shardId, recordId } = latest;
  setText(byId('letters-command'), `supersim-meter dead-letters show ${shardName(shardId)} '${recordId}'`);
}

export function renderLetters({ letters }: Now): void {
  const { value } = letters;
  const words = new Map((value?.byReason ?? []).map(({ reason, words: text }) => [reason, text]));
  renderNotes(letters);
  renderRows(
    byId<HTMLTableElement>('letter-table'),
    (value?.latest ?? []).map((letter) => letterRow(letter, words)),
  );
  renderReasons(value);
  renderNext(value?.latest[0]);
  show(byId('gaps-block'), (value?.gaps.length ?? 0) > 0);
  renderRows(byId<HTMLTableElement>('gap-table'), (value?.gaps ?? []).map(gapRow));
}
