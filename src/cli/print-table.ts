import { type Column, textTable } from './text-table.ts';

/** Unlimited where no terminal is: whoever reads a pipe wants all. */
export const terminalWidth = (): number | undefined =>
  process.stdout.isTTY ? process.stdout.columns : undefined;

/** Prints rows under their names, no wider than the terminal; what found no room is said on stderr. `isMore`: rows that
 *  go on below others, without the names. */
export function printTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { isMore = false }: { readonly isMore?: boolean } = {},
): void {
  const { lines, hidden } = textTable(columns, rows, terminalWidth());
  process.stdout.write(`${lines.slice(isMore ? 1 : 0).join('\n')}\n`);
  if (!isMore && hidden.length > 0)
    process.stderr.write(
      `no room for: ${hidden.join(', ')} (a wider terminal, a pipe or --json shows all)\n`,
    );
}
