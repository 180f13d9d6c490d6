import type { Command } from 'commander';
import { createClients } from '../aws-clients.ts';
import { MeterError } from '../errors.ts';
import { explain } from '../explain-error.ts';
import { toJson, toPlain } from '../json.ts';
import { getSession, type SessionItem, scanSessions, sessionsOfSim } from '../store/read-sessions.ts';
import { tableNames } from '../store/tables.ts';
import { addSettingFlags, configFrom } from './setting-flags.ts';

type Options = { json?: boolean; sim?: string; tablePrefix?: string };

const open = (options: Options) => {
  const { config } = configFrom(
    options.tablePrefix === undefined ? {} : { tablePrefix: options.tablePrefix },
  );
  return { client: createClients().data, tableName: tableNames(config).sessions };
};

const print = (item: SessionItem, indent?: number): void => {
  process.stdout.write(`${toJson(toPlain(item), indent)}\n`);
};

const COLUMNS = [
  'data_session_sid',
  'status',
  'started_at',
  'total_bytes',
  'missing_bytes',
  'event_count',
] as const;
const WIDTHS = [34, 6, 24, 14, 13, 11] as const;

const printRow = (cells: readonly unknown[]): void => {
  process.stdout.write(
    `${cells
      .map((cell, at) => String(cell ?? '-').padEnd(WIDTHS[at] ?? 0))
      .join('  ')
      .trimEnd()}\n`,
  );
};

async function list(options: Options): Promise<void> {
  const { client, tableName } = open(options);
  const items = options.sim ? sessionsOfSim(client, tableName, options.sim) : scanSessions(client, tableName);
  let count = 0;
  for await (const item of items) {
    if (count === 0 && !options.json) printRow(COLUMNS);
    count += 1;
    if (options.json) print(item);
    else {
      const plain = toPlain(item) as Record<string, unknown>;
      printRow(COLUMNS.map((column) => plain[column]));
    }
  }
  if (count === 0) process.stderr.write('no sessions\n');
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

export function addSessionCommands(program: Command): void {
  const reading =
    <A extends unknown[]>(task: (...args: A) => Promise<void>) =>
    async (...args: A): Promise<void> => {
      try {
        await task(...args);
      } catch (error) {
        throw explain(error, 'reading the sessions table');
      }
    };
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
