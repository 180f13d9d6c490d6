/** Refused records: how many, why, and what to do; and gaps. */
import type { Now, ShapedLetter } from '../shapes.ts';
import { byId, make, type Row, renderKeyed, renderRows, setText, show } from './dom.ts';
import { bytes, count, plural, shardName, shortSequence, shortTime } from './format.ts';
import { REASON_WORDS } from './reason-words.ts';

const words = (reason: string): string => REASON_WORDS[reason] ?? '';

const letterRow = (letter: ShapedLetter): Row => ({
  key: `${letter.shardId} ${letter.recordId}`,
  cells: [
    { text: shortTime(letter.arrivedAt), title: letter.arrivedAt },
    { text: `${letter.reason}${letter.field ? ` · ${letter.field}` : ''}`, title: words(letter.reason) },
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

export function renderLetters({ letters }: Now): void {
  const { value, problem } = letters;
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
  setText(
    byId('refused-note'),
    hasLetters ? `${plural(value?.count ?? 0, 'dead letter')}, ${problem ? 'as last read' : some}` : '',
  );
  renderRows(byId<HTMLTableElement>('letter-table'), (value?.latest ?? []).map(letterRow));
  renderKeyed(
    byId('reasons'),
    (value?.byReason ?? []).map(({ reason, count: number, lastAt }) => ({
      key: reason,
      state: `${number} ${lastAt}`,
      make: () =>
        make(
          'li',
          {},
          make(
            'div',
            { className: 'top-line' },
            make('code', { text: reason }),
            make('span', { text: count(number) }),
          ),
          make('p', { text: `${words(reason)} Last ${shortTime(lastAt)}.` }),
        ),
    })),
  );
  const [latest] = value?.latest ?? [];
  show(byId('letters-next'), latest !== undefined);
  if (latest)
    setText(
      byId('letters-command'),
      `supersim-meter dead-letters show ${shardName(latest.shardId)} '${latest.recordId}'`,
    );
  show(byId('gaps-block'), (value?.gaps.length ?? 0) > 0);
  renderRows(byId<HTMLTableElement>('gap-table'), (value?.gaps ?? []).map(gapRow));
}
