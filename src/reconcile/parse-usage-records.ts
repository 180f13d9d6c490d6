/** Files of Usage Records → records: the API's pages, an array, JSON lines, or CSV with a header. Pure: it gets text.
 *  Nothing is left out silently: what is no record is a problem that names its line and field. */
import { type CsvPiece, CsvRows } from './csv-rows.ts';
import { type JsonPiece, JsonValues, parseExactly } from './json-values.ts';
import { FIELD_NAMES, type FieldName, parseRecord, type UsageRecord } from './usage-record.ts';

export type ParsedUsage =
  | { readonly kind: 'record'; readonly record: UsageRecord; readonly at: string }
  | { readonly kind: 'problem'; readonly text: string };

const problem = (at: string, text: string): ParsedUsage => ({ kind: 'problem', text: `${at}: ${text}` });

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parsed(at: string, fields: (name: FieldName) => unknown): ParsedUsage[] {
  const result = parseRecord(fields);
  if (result.kind === 'record') return [{ kind: 'record', record: result.record, at }];
  return result.problems.map(({ field, problem: text }) => problem(at, `${field} ${text}`));
}

function recordOfJson(value: unknown, at: string): ParsedUsage[] {
  if (!isObject(value)) return [problem(at, 'is no usage record')];
  const period = value['period'];
  if (period !== undefined && period !== null && !isObject(period))
    return [problem(at, 'period is no object with start_time and end_time')];
  const fields = (name: FieldName): unknown =>
    name === 'start_time' || name === 'end_time' ? (period?.[name] ?? value[name]) : value[name];
  return parsed(at, fields);
}

/** A page, an array, or one record. */
function recordsOfJson(text: string, line: number): ParsedUsage[] {
  const at = `line ${line}`;
  let value: unknown;
  try {
    value = parseExactly(text);
  } catch {
    return [problem(at, 'the JSON that starts here is broken')];
  }
  if (Array.isArray(value)) return value.flatMap((each, index) => recordOfJson(each, `${at}, [${index}]`));
  if (!isObject(value) || !('usage_records' in value)) return recordOfJson(value, at);
  const records = value['usage_records'];
  if (!Array.isArray(records)) return [problem(at, 'usage_records is no array')];
  return records.flatMap((each, index) => recordOfJson(each, `${at}, usage_records[${index}]`));
}

const ALIASES: Readonly<Record<string, FieldName>> = {
  ...Object.fromEntries(FIELD_NAMES.map((name) => [name, name])),
  period_start: 'start_time',
  period_start_time: 'start_time',
  'period.start_time': 'start_time',
  period_end: 'end_time',
  period_end_time: 'end_time',
  'period.end_time': 'end_time',
};
const REQUIRED: readonly FieldName[] = ['sim_sid', 'start_time', 'end_time', 'data_download', 'data_upload'];

type Columns = ReadonlyMap<FieldName, number>;

/** Which column holds which field; other columns are not read. */
function columnsOf(header: readonly string[], line: number): Columns | ParsedUsage[] {
  const columns = new Map<FieldName, number>();
  for (const [at, name] of header.entries()) {
    const field = ALIASES[name.trim().toLowerCase()];
    if (field === undefined) continue;
    if (columns.has(field)) return [problem(`line ${line}`, `two columns hold ${field}`)];
    columns.set(field, at);
  }
  const missing = REQUIRED.filter((name) => !columns.has(name));
  if (missing.length === 0) return columns;
  return [
    problem(
      `line ${line}`,
      `a header must name the columns, separated by commas; there is none for ${missing.join(', ')}`,
    ),
  ];
}

class CsvRecords {
  private columns: Columns | undefined;
  private width = 0;
  private isRefused = false;

  take(piece: CsvPiece): ParsedUsage[] {
    if (this.isRefused) return [];
    if (piece.kind === 'problem') return [problem(`line ${piece.line}`, piece.problem)];
    const { cells, line } = piece;
    if (this.columns === undefined) return this.readHeader(cells, line);
    if (cells.length !== this.width)
      return [problem(`line ${line}`, `has ${cells.length} fields, the header ${this.width}`)];
    const { columns } = this;
    return parsed(`line ${line}`, (name) => cells[columns.get(name) ?? -1]?.trim());
  }

  private readHeader(cells: readonly string[], line: number): ParsedUsage[] {
    const columns = columnsOf(cells, line);
    if (Array.isArray(columns)) {
      this.isRefused = true;
      return columns;
    }
    this.columns = columns as Columns;
    this.width = cells.length;
    return [];
  }
}

interface Pieces {
  push(chunk: string): ParsedUsage[];
  end(): ParsedUsage[];
}

function jsonPieces(): Pieces {
  const values = new JsonValues();
  const take = (piece: JsonPiece): ParsedUsage[] =>
    piece.kind === 'value'
      ? recordsOfJson(piece.text, piece.line)
      : [problem(`line ${piece.line}`, piece.problem)];
  return { push: (chunk) => values.push(chunk).flatMap(take), end: () => values.end().flatMap(take) };
}

function csvPieces(): Pieces {
  const rows = new CsvRows();
  const records = new CsvRecords();
  const take = (piece: CsvPiece): ParsedUsage[] => records.take(piece);
  return { push: (chunk) => rows.push(chunk).flatMap(take), end: () => rows.end().flatMap(take) };
}

/** The records of one file's text, as it comes in. JSON begins with `{` or `[`; all else is CSV. */
export async function* parseUsageRecords(chunks: AsyncIterable<string>): AsyncGenerator<ParsedUsage> {
  let pieces: Pieces | undefined;
  let blank = '';
  for await (const chunk of chunks) {
    const text = blank + chunk;
    if (pieces === undefined) {
      const [first] = /\S/.exec(text) ?? [];
      if (first === undefined) {
        blank = text;
        continue;
      }
      pieces = first === '{' || first === '[' ? jsonPieces() : csvPieces();
      blank = '';
    }
    yield* pieces.push(text);
  }
  if (pieces === undefined) yield problem('line 1', 'the file is empty');
  else yield* pieces.end();
}
