import type { Command } from 'commander';
import { createClients } from '../aws-clients.ts';
import { MeterError } from '../errors.ts';
import { explain } from '../explain-error.ts';
import { toJson, toPlain } from '../json.ts';
import { getSession, type SessionItem, scanSessions, sessionsOfSim } from '../store/read-sessions.ts';
import { tableNames } from '../store/tables.ts';
import { printTable } from './print-table.ts';
import { addSettingFlags, configFrom, type SettingFlags } from './setting-flags.ts';
import { simSid } from './sim-sid.ts';
import type { Column } from './text-table.ts';

interface Options extends SettingFlags {
  readonly json?: boolean;
  readonly sim?: string;
}

const open = ({ tablePrefix }: Options) => {
  const { config } = configFrom(tablePrefix === undefined ? {} : { tablePrefix });
  return { client: createClients().data, tableName: tableNames(config).sessions };
};

const print = (item: SessionItem, indent?: number): void => {
  process.stdout.write(`${toJson(toPlain(item), indent)}\n`);
};

/** Rows aligned together: a table of millions is never held whole. */
const ROWS_PER_BLOCK = 1_000;

/** Attributes of the item, by their names. */
const COLUMNS: readonly Column[] = [
  { name: 'data_session_sid' },
  { name: 'sim_sid', widthMin: 12 },
  { name: 'status' },
  { name: 'started_at', widthMin: 12 },
  { name: 'total_bytes', isRight: true },
  { name: 'missing_bytes', isRight: true },
  { name: 'event_count', isRight: true },
];

function rowOf(item: SessionItem): string[] {
  const plain = toPlain(item) as Record<string, unknown>;
  return COLUMNS.map(({ name }) => String(plain[name] ?? '-'));
}

async function list(options: Options): Promise<void> {
  const sim = options.sim === undefined ? undefined : simSid(options.sim);
  const { client, tableName } = open(options);
  const items = sim === undefined ? scanSessions(client, tableName) : sessionsOfSim(client, tableName, sim);
  let count = 0;
  let block: string[][] = [];
  for await (const item of items) {
    count += 1;
    if (options.json) print(item);
    else block.push(rowOf(item));
    if (block.length < ROWS_PER_BLOCK) continue;
    printTable(COLUMNS, block, { isMore: count > block.length });
    block = [];
  }
  if (block.length > 0) printTable(COLUMNS, block, { isMore: count > block.length });
  process.stderr.write(count === 0 ? 'no sessions\n' : `${count} session${count === 1 ? '' : 's'}\n`);
}

async function get(sid: string, options: Options): Promise<void> {
  const { client, tableName } = open(options);
  const item = await getSession(client, tableName, sid);
  if (!item)
    throw new MeterError(
      'not-found',
      `No session ${sid} in table ${tableName}. \`supersim-meter sessions list\` shows those there are.`,
    );
  print(item, options.json ? undefined : 2);
}

async function exportSessions(options: Options): Promise<void> {
  const { client, tableName } = open(options);
  for await (const item of scanSessions(client, tableName)) print(item);
}

/** Turns what AWS throws into a sentence. */
const reading =
  <A extends unknown[]>(task: (...args: A) => Promise<void>) =>
  async (...args: A): Promise<void> => {
    try {
      await task(...args);
    } catch (error) {
      throw explain(error, 'reading the sessions table');
    }
  };

export function addSessionCommands(program: Command): void {
  const sessions = program.command('sessions').description('look at session items');
  addSettingFlags(
    sessions.command('get <sid>').description('print one session').option('--json', 'on one line'),
    ['tablePrefix'],
  ).action(reading(get));
  addSettingFlags(
    sessions
      .command('list')
      .description('list sessions, all or those of one SIM')
      .option('--sim <sid>', 'only this SIM’s, latest first')
      .option('--json', 'as JSON lines'),
    ['tablePrefix'],
  ).action(reading(list));
  const exporting = program.command('export').description('write items as JSON lines');
  addSettingFlags(exporting.command('sessions').description('all session items, one a line'), [
    'tablePrefix',
  ]).action(reading(exportSessions));
}
