import type { Command } from 'commander';
import type { SettingName } from '../config.ts';
import { explain } from '../explain-error.ts';
import { addExecuteFlag } from './execute-flag.ts';
import { addFilterFlags } from './letter-flags.ts';
import { listLetters, showLetter } from './letters-list.ts';
import { purgeLetters } from './letters-purge.ts';
import { letterReasons } from './letters-reasons.ts';
import { redriveLetters } from './letters-redrive.ts';
import { addSettingFlags } from './setting-flags.ts';

/** Of the decoder and of the store: to be the same as the workers'. */
export const APPLYING_SETTINGS: readonly SettingName[] = [
  'tablePrefix',
  'accounts',
  'personalFields',
  'recordMaxBytes',
  'unzippedMaxBytes',
  'dedupRingSize',
  'dedupHorizonDays',
  'writeMode',
];

/** Turns what AWS throws into a sentence. */
const aboutLetters =
  <A extends unknown[]>(task: (...args: A) => Promise<void>) =>
  async (...args: A): Promise<void> => {
    try {
      await task(...args);
    } catch (error) {
      throw explain(error, 'working on the dead letters');
    }
  };

function addReading(letters: Command): void {
  addSettingFlags(
    addFilterFlags(
      letters
        .command('list', { isDefault: true })
        .description('one row per letter, without its bytes')
        .option('--json', 'as JSON lines'),
    ),
    ['tablePrefix'],
  ).action(aboutLetters(listLetters));
  addSettingFlags(
    addFilterFlags(
      letters
        .command('reasons')
        .description('why records were refused: letters by reason, and what each reason means')
        .option('--json', 'as JSON lines'),
    ),
    ['tablePrefix'],
  ).action(aboutLetters(letterReasons));
  addSettingFlags(
    letters
      .command('show <shard> <record-id>')
      .description('one letter; without its bytes, which hold personal data, unless --raw')
      .option('--raw', 'write the bytes as they came from Kinesis, unzipped, and nothing else')
      .option('--json', 'on one line'),
    ['tablePrefix'],
  ).action(aboutLetters(showLetter));
}

/** Registers `dead-letters`. */
export function addDeadLetterCommands(program: Command): void {
  const letters = program
    .command('dead-letters')
    .description('records that could not be decoded or stored: look, run again, delete');
  addReading(letters);
  addSettingFlags(
    addFilterFlags(
      addExecuteFlag(
        letters
          .command('redrive')
          .description('run letters through today’s decoder, exactly once; a preview without --execute')
          .option('--json', 'as JSON lines, the last one the summary'),
      ),
    ),
    APPLYING_SETTINGS,
  ).action(aboutLetters(redriveLetters));
  addSettingFlags(
    addFilterFlags(
      addExecuteFlag(
        letters
          .command('purge')
          .description('delete letters for good; a preview without --execute')
          .option('--all', 'all of them, instead of a filter')
          .option('--json', 'as JSON lines, the last one the summary'),
      ),
    ),
    ['tablePrefix'],
  ).action(aboutLetters(purgeLetters));
}
