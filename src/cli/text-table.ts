/** Rows aligned for people. Pure. */

export interface Column {
  readonly name: string;
  /** Fewest characters it may be cut to, in its middle, where the terminal is narrow; default: it is never cut. */
  readonly widthMin?: number;
  /** Numbers stand below each other by their last digit. */
  readonly isRight?: boolean;
}

const GAP = '  ';
const ELLIPSIS = '…';

/** What a terminal would obey instead of show: names in a table are anybody's. */
export const printable = (text: string): string => text.replace(/\p{C}/gu, '?');

function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  const tail = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - tail)}${ELLIPSIS}${text.slice(text.length - tail)}`;
}

const total = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width, 0) + GAP.length * Math.max(0, widths.length - 1);

/** Widths that fit if they can: what may be cut is cut, in the order of the columns from the right. */
function widthsWithin(natural: readonly number[], columns: readonly Column[], widthMax: number): number[] {
  const widths = [...natural];
  for (let at = columns.length - 1; at >= 0; at -= 1) {
    const excess = total(widths) - widthMax;
    const [width = 0, widthMin = width] = [widths[at], columns[at]?.widthMin];
    if (excess > 0) widths[at] = Math.max(Math.min(width, widthMin), width - excess);
  }
  return widths;
}

export interface TextTable {
  readonly lines: readonly string[];
  /** Columns that found no room, from the right. */
  readonly hidden: readonly string[];
}

/** One line per row under a line of names. With `widthMax` no line is wider, unless the first column alone is. */
export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  widthMax: number = Number.POSITIVE_INFINITY,
): TextTable {
  const cells = [columns.map(({ name }) => name), ...rows.map((row) => row.map(printable))];
  const natural = columns.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
  const fewest = columns.map(({ widthMin }, at) => Math.min(natural[at] ?? 0, widthMin ?? natural[at] ?? 0));
  let shown = columns.length;
  while (shown > 1 && total(fewest.slice(0, shown)) > widthMax) shown -= 1;
  const widths = widthsWithin(natural.slice(0, shown), columns.slice(0, shown), widthMax);
  return {
    lines: cells.map((row) =>
      widths
        .map((width, at) => {
          const text = cut(row[at] ?? '', width);
          return columns[at]?.isRight ? text.padStart(width) : text.padEnd(width);
        })
        .join(GAP)
        .trimEnd(),
    ),
    hidden: columns.slice(shown).map(({ name }) => name),
  };
}
