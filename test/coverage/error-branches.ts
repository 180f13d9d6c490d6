/** `npm run test:errors`, second half: lists the error branches of leases/, source/ and store/ that no test of the
 *  unit and contract suites (simulated seeds among them) has reached, and fails if there are any.
 *
 *  An error branch is a line that catches, throws, or gives an outcome that is not the hoped-for one. */
import { readFileSync } from 'node:fs';

interface Place {
  readonly line: number;
}
/** Istanbul's format, as jest writes it. */
interface FileCoverage {
  readonly statementMap: Readonly<Record<string, { readonly start: Place; readonly end: Place }>>;
  readonly s: Readonly<Record<string, number>>;
}

const ERROR_BRANCH =
  /\bcatch\b|\bthrow\b|throwIfAborted|'(?:lost|stale|refused|stalled|aborted|gone|changed)'/;
const COMMENT = /^\s*(?:\/?\*|\/\/)/;
/** Files of types only: nothing in them runs. */
const isCode = (source: string): boolean =>
  /^(?:export )?(?:async )?(?:function|class|const)\b/m.test(source);

const coverage = JSON.parse(readFileSync('coverage/coverage-final.json', 'utf8')) as Record<
  string,
  FileCoverage
>;
let branches = 0;
const missed: string[] = [];
for (const [file, { statementMap, s }] of Object.entries(coverage)) {
  const source = readFileSync(file, 'utf8');
  if (!isCode(source)) continue;
  const lines = source.split('\n');
  const reached = new Map<number, boolean>();
  for (const [id, { start }] of Object.entries(statementMap)) reached.set(start.line, (s[id] ?? 0) > 0);
  for (const [at, text] of lines.entries()) {
    if (!ERROR_BRANCH.test(text) || COMMENT.test(text)) continue;
    branches += 1;
    if (reached.get(at + 1) === false)
      missed.push(`${file.slice(file.indexOf('/src/') + 1)}:${at + 1}  ${text.trim()}`);
  }
}
process.stdout.write(
  `${branches} error branches in ${Object.keys(coverage).length} files, ${missed.length} not reached\n`,
);
for (const line of missed) process.stdout.write(`  ${line}\n`);
process.exitCode = missed.length === 0 && branches > 0 ? 0 : 1;
