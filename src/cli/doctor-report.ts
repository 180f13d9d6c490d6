/** The doctor's checks as people read them. */
import type { Check, CheckStatus } from '../doctor/check.ts';
import { paint } from './paint.ts';
import { printable } from './text-table.ts';

const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red', skipped: 'gray' } as const;
const STATUS_WIDTH = 7;
const NAME_WIDTH = 12;
const INDENT = ' '.repeat(STATUS_WIDTH + NAME_WIDTH + 4);

const line = (status: CheckStatus, name: string, text: string): string =>
  `${paint(COLOURS[status], status.padEnd(STATUS_WIDTH))}  ${name.padEnd(NAME_WIDTH)}  ${printable(text)}`;

function linesOf({ name, status, subject, found, fix }: Check): readonly string[] {
  const what = subject === undefined ? found : `${subject}: ${found}`;
  return [line(status, name, what), ...(fix === undefined ? [] : [`${INDENT}→ ${printable(fix)}`])];
}

const isQuiet = ({ status }: Check): boolean => status === 'ok' || status === 'skipped';

/** Several that need no attention, in one line. */
function groupLine(group: readonly Check[]): string {
  const [first] = group as [Check, ...Check[]];
  const findings = new Set(group.map(({ found }) => found));
  const subjects = group.map(({ subject }) => subject ?? '-');
  const about = first.name === 'permission' ? `${group.length} actions` : subjects.join(', ');
  return line(first.status, first.name, findings.size === 1 ? `${about}: ${first.found}` : about);
}

/** What needs attention line by line, the rest one line for each kind. In the order of the checks. */
export function reportLines(
  checks: readonly Check[],
  { isAll }: { readonly isAll: boolean },
): readonly string[] {
  if (isAll) return checks.flatMap(linesOf);
  const groups = new Map<string, Check[]>();
  for (const [at, check] of checks.entries()) {
    const key = isQuiet(check) ? `${check.name} ${check.status}` : `${check.name} ${at}`;
    groups.set(key, [...(groups.get(key) ?? []), check]);
  }
  return [...groups.values()].flatMap((group) =>
    group.length === 1 ? linesOf(group[0] as Check) : [groupLine(group)],
  );
}

export type DoctorCounts = Readonly<Record<CheckStatus, number>>;

export function countsOf(checks: readonly Check[]): DoctorCounts {
  const of = (wanted: CheckStatus): number => checks.filter(({ status }) => status === wanted).length;
  return { ok: of('ok'), warn: of('warn'), fail: of('fail'), skipped: of('skipped') };
}

/** `31 ok, 2 warnings, 1 failed, 4 skipped`. */
export function summaryLine({ ok, warn, fail, skipped }: DoctorCounts): string {
  const parts = [`${ok} ok`, `${warn} warning${warn === 1 ? '' : 's'}`, `${fail} failed`];
  return [...parts, ...(skipped > 0 ? [`${skipped} skipped`] : [])].join(', ');
}
