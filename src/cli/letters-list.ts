/** `dead-letters list` and `show`. */
import { MeterError } from '../errors.ts';
import { toJson } from '../json.ts';
import { chosenLetters, fullShardId, leaseKeyOf } from '../repair/letter-filter.ts';
import { type DeadLetterHead, GAP_REASON } from '../store/dead-letter-item.ts';
import { type FilterFlags, filterOf, letterJson, limitOf, withRepair } from './letter-flags.ts';
import { printTable } from './print-table.ts';
import type { SettingFlags } from './setting-flags.ts';
import type { Column } from './text-table.ts';

/** Rows aligned together: a table of millions is never held whole. */
const ROWS_PER_BLOCK = 1_000;

const COLUMNS: readonly Column[] = [
  { name: 'shard', widthMin: 8 },
  { name: 'sequence number', widthMin: 12 },
  { name: 'index', isRight: true },
  { name: 'reason' },
  { name: 'field' },
  { name: 'arrived' },
  { name: 'bytes', isRight: true },
];

const rowOf = (head: DeadLetterHead): string[] => [
  head.shardId,
  head.sequenceNumber,
  String(head.index),
  head.reason,
  head.field ?? '-',
  head.arrivedAt || '-',
  // A gap's bytes are no record.
  head.reason === GAP_REASON ? '-' : `${head.rawBytes}${head.rawEncoding === undefined ? ' (not kept)' : ''}`,
];

const printBlock = (heads: readonly DeadLetterHead[], isFirst: boolean): void =>
  printTable(COLUMNS, heads.map(rowOf), { isMore: !isFirst });

/** Lists letters, never their bytes. */
export async function listLetters(
  options: FilterFlags & SettingFlags & { readonly json?: boolean },
): Promise<void> {
  const [filter, limit] = [filterOf(options), limitOf(options)];
  await withRepair(options, async ({ letters }) => {
    let count = 0;
    let block: DeadLetterHead[] = [];
    for await (const head of chosenLetters(letters.heads(leaseKeyOf(filter)), filter, limit)) {
      count += 1;
      if (options.json) process.stdout.write(`${toJson(letterJson(head))}\n`);
      else block.push(head);
      if (block.length < ROWS_PER_BLOCK) continue;
      printBlock(block, count === block.length);
      block = [];
    }
    if (block.length > 0) printBlock(block, count === block.length);
    const hint =
      count > 0 && !options.json ? '; `supersim-meter dead-letters reasons` says why in words' : '';
    process.stderr.write(`${count} dead letter${count === 1 ? '' : 's'}${hint}\n`);
  });
}

/** Shows one letter; its bytes only when asked for, and then nothing else. */
export async function showLetter(
  shard: string,
  recordId: string,
  options: SettingFlags & { readonly raw?: boolean; readonly json?: boolean },
): Promise<void> {
  await withRepair(options, async ({ letters }) => {
    const shardId = fullShardId(shard);
    const letter = await letters.letter({ shardId, recordId });
    if (letter === undefined)
      throw new MeterError(
        'not-found',
        `There is no dead letter ${recordId} of ${shardId}. \`supersim-meter dead-letters list --json\` shows shardId and recordId of those there are.`,
      );
    const { head, raw } = letter;
    if (options.raw) {
      if (raw.kind === 'bytes') return writeBytes(raw.bytes);
      throw new MeterError(
        'not-found',
        raw.kind === 'damaged'
          ? 'The bytes of this dead letter do not have its SHA-256: they are not what was put in.'
          : 'The bytes of this dead letter were not kept: too many, or gone before they could be. A gap has none.',
      );
    }
    process.stdout.write(`${toJson(letterJson(head), options.json ? undefined : 2)}\n`);
    if (head.reason === GAP_REASON)
      process.stderr.write(
        'a stream gap: retention took records before they were read; there is no record\n',
      );
  });
}

const writeBytes = (bytes: Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    process.stdout.write(bytes, () => resolve());
  });
