/** `leases export` and `leases import`: the whole table as JSON lines, and back. */
import { readFile, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { MeterError } from '../errors.ts';
import { toJson } from '../json.ts';
import {
  formatRow,
  leaseIn,
  parseRows,
  replacementOf,
  reportLeases,
  type TableItem,
  type TableRow,
  understand,
} from '../leases/index.ts';
import { type ExecuteFlag, sayPreview } from './execute-flag.ts';
import { type LeaseTable, lookTwice, openLeases, watchMsOf } from './open-leases.ts';
import type { SettingFlags } from './setting-flags.ts';

export interface ImportOptions extends ExecuteFlag {
  readonly replace?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly watchMs?: string;
}

const PROBLEMS_SHOWN_MAX = 20;
const KEYS_SHOWN_MAX = 5;
const ATTEMPTS_MAX = 5;

const keyOf = (item: TableItem): string => item['leaseKey']?.S ?? '';

/** Writes every row, ordered by key, so that one table is always one text. */
export async function exportLeases(options: { readonly out?: string } & SettingFlags): Promise<void> {
  const { admin, tableName } = openLeases(options);
  const items = (await admin.rows()).map(({ item }) => item);
  const lines = items.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).map((item) => `${formatRow(item)}\n`);
  if (options.out === undefined) process.stdout.write(lines.join(''));
  else await writeFile(options.out, lines.join(''));
  process.stderr.write(`${lines.length} row(s) of table ${tableName}\n`);
}

/** @throws MeterError `file-invalid`, with a line for each wrong line. */
async function readRows(file: string): Promise<readonly TableItem[]> {
  const content = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  const { items, problems } = parseRows(content.split('\n'));
  if (problems.length === 0) return items;
  const more = problems.length - PROBLEMS_SHOWN_MAX;
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX).map((problem) => `  - ${problem}`);
  throw new MeterError(
    'file-invalid',
    `${file} is not what \`leases export\` writes; nothing was changed:\n${shown.join('\n')}${more > 0 ? `\n  … and ${more} more` : ''}`,
  );
}

interface ImportPlan {
  readonly create: readonly TableItem[];
  readonly same: readonly TableItem[];
  readonly replace: readonly { readonly item: TableItem; readonly current: TableItem }[];
}

/** What an import would do. Pure. */
export function planImport(items: readonly TableItem[], rows: readonly TableRow[]): ImportPlan {
  const byKey = new Map(rows.map(({ item }) => [keyOf(item), item]));
  const existing = items.flatMap((item) => {
    const current = byKey.get(keyOf(item));
    return current === undefined ? [] : [{ item, current }];
  });
  const isSame = ({ item, current }: { item: TableItem; current: TableItem }) =>
    formatRow(item) === formatRow(current);
  return {
    create: items.filter((item) => !byKey.has(keyOf(item))),
    same: existing.filter(isSame).map(({ item }) => item),
    replace: existing.filter((pair) => !isSame(pair)),
  };
}

const some = (keys: readonly string[]): string =>
  `${keys.slice(0, KEYS_SHOWN_MAX).join(', ')}${keys.length > KEYS_SHOWN_MAX ? ` and ${keys.length - KEYS_SHOWN_MAX} more` : ''}`;

/** @throws MeterError `lease-held` when a live worker holds one of the leases to be replaced. */
async function refuseLiveOwners(
  table: LeaseTable,
  keys: readonly string[],
  watchMs: number,
): Promise<readonly TableRow[]> {
  const { rows, earlier } = await lookTwice(table, watchMs);
  const running = reportLeases(rows, table.config.failoverTimeMs, earlier)
    .filter(({ leaseKey, state }) => state === 'running' && keys.includes(leaseKey))
    .map(({ leaseKey }) => leaseKey);
  if (running.length === 0) return rows;
  throw new MeterError(
    'lease-held',
    `Live workers hold ${some(running)}: their counters moved within ${watchMs} ms. Stop the workers first; or --force replaces the rows under them.`,
  );
}

async function write({ admin }: LeaseTable, { create, replace }: ImportPlan): Promise<readonly string[]> {
  const refused: string[] = [];
  const note = (item: TableItem, outcome: string): void => {
    if (outcome !== 'written') refused.push(keyOf(item));
  };
  for (const item of create) note(item, await admin.put(item));
  for (const { item, current } of replace) note(item, await admin.put(replacementOf(item, current), current));
  return refused;
}

/** A live owner writes all the time, so by force it takes more than one try. */
async function writeByForce(
  table: LeaseTable,
  plan: ImportPlan,
  items: readonly TableItem[],
): Promise<readonly string[]> {
  let refused = await write(table, plan);
  for (let attempt = 1; attempt < ATTEMPTS_MAX && refused.length > 0; attempt += 1) {
    const again = items.filter((item) => refused.includes(keyOf(item)));
    refused = await write(table, planImport(again, await table.admin.rows()));
  }
  return refused;
}

/** Puts the rows of a file into the table. */
export async function importLeases(file: string, options: ImportOptions & SettingFlags): Promise<void> {
  const table = openLeases(options);
  const watchMs = watchMsOf(options.watchMs, table.config);
  const items = await readRows(file);
  let plan = planImport(items, await table.admin.rows());
  const keys = plan.replace.map(({ item }) => keyOf(item));
  if (keys.length > 0 && !options.replace)
    throw new MeterError(
      'lease-exists',
      `Table ${table.tableName} has other rows for ${some(keys)}; nothing was changed. --replace puts the file’s in their place.`,
    );
  if (keys.length > 0 && !options.force)
    plan = planImport(items, await refuseLiveOwners(table, keys, watchMs));
  const foreign = items.filter((item) => leaseIn(understand(item)) === undefined).length;
  const counts = {
    create: plan.create.length,
    replace: plan.replace.length,
    same: plan.same.length,
    noLease: foreign,
  };
  if (!options.json)
    process.stdout.write(
      `table ${table.tableName}: ${counts.create} row(s) to create, ${counts.replace} to replace, ${counts.same} there already${foreign > 0 ? `; ${foreign} of them no readable lease, taken as they are` : ''}\n`,
    );
  const isExecuted = options.execute ?? false;
  const put = options.replace && options.force ? writeByForce : write;
  const refused = isExecuted ? await put(table, plan, items) : [];
  if (options.json) process.stdout.write(`${toJson({ ...counts, isExecuted, changed: refused })}\n`);
  if (refused.length > 0)
    throw new MeterError(
      'lease-changed',
      `${some(refused)} changed meanwhile and stayed as they are; the other rows are stored. Look (\`supersim-meter leases\`) and import again.`,
    );
  if (isExecuted) process.stderr.write('stored\n');
  else sayPreview();
}
