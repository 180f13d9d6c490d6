import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../..');
const FILE_LINES_MAX = 250;
const FUNCTION_LINES_MAX = 40;

const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ path: join('src', file), text: readFileSync(join(ROOT, 'src', file), 'utf8') }));
const inFolder = (folder: string) => files.filter(({ path }) => path.startsWith(`src/${folder}/`));

/** The modules a file imports: bare names as they are, relative ones as paths from the root. */
const importsOf = ({ path, text }: { path: string; text: string }): string[] =>
  [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name = '']) =>
    name.startsWith('.') ? relative(ROOT, join(ROOT, dirname(path), name)) : name,
  );
const codeOf = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');

/** Function bodies by indentation: the formatter guarantees that a body closes at its opening's indent. */
function longFunctions(text: string): string[] {
  const lines = text.split('\n');
  const found: string[] = [];
  for (const [at, line] of lines.entries()) {
    const opening =
      /^(\s*)(?:export )?(?:async )?(?:private |public |static |override )*(?:async )?(?:function\*? )?(?:const )?(\w+)?.*(?:\)|>|\w|\}) (?:=> )?\{$/.exec(
        line,
      );
    if (
      !opening ||
      !/\(|=>/.test(line) ||
      /^\s*(if|for|while|switch|try|else|class|export (class|interface))\b/.test(line)
    )
      continue;
    const end = lines.findIndex((other, index) => index > at && other.startsWith(`${opening[1]}}`));
    if (end - at > FUNCTION_LINES_MAX) found.push(`${line.trim()} (${end - at} lines)`);
  }
  return found;
}

describe('the folders', () => {
  it('decode, reduce and estimate are pure: no SDK, no node, no clock', () => {
    for (const file of [...inFolder('decode'), ...inFolder('reduce'), ...inFolder('estimate')])
      expect([
        file.path,
        importsOf(file).filter((name) => /^(node:|@aws|@smithy|pino)|^src\/time\.ts$/.test(name)),
      ]).toEqual([file.path, []]);
  });

  it('leases imports nothing of the product, and is imported by its door only', () => {
    for (const file of files) {
      const imports = importsOf(file);
      if (file.path.startsWith('src/leases/'))
        expect([
          file.path,
          imports.filter((name) => name.startsWith('src/') && !name.startsWith('src/leases/')),
        ]).toEqual([file.path, []]);
      else
        expect([
          file.path,
          imports.filter((name) => name.startsWith('src/leases/') && name !== 'src/leases/index.ts'),
        ]).toEqual([file.path, []]);
    }
  });

  it('the core never imports the edge', () => {
    for (const folder of [
      'decode',
      'reduce',
      'estimate',
      'reconcile',
      'repair',
      'store',
      'source',
      'fleet',
      'leases',
      'doctor',
      'ops',
    ])
      for (const file of inFolder(folder))
        expect([
          file.path,
          importsOf(file).filter((name) => /^src\/(cli|local|main|worker)/.test(name)),
        ]).toEqual([file.path, []]);
  });

  it('import in no circle', () => {
    const graph = new Map(
      files.map((file) => [file.path, importsOf(file).filter((name) => name.startsWith('src/'))]),
    );
    const visiting = new Set<string>();
    const done = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      if (done.has(path)) return;
      expect({ circle: visiting.has(path) ? [...trail, path] : [] }).toEqual({ circle: [] });
      visiting.add(path);
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
      visiting.delete(path);
      done.add(path);
    };
    for (const path of graph.keys()) visit(path, []);
  });
});

describe('every source file', () => {
  it('leaves clocks, timers and randomness to time.ts, and in the browser to its like', () => {
    const banned =
      /\b(Date\.now|new Date\b|setTimeout|setInterval|setImmediate|Math\.random|performance\.|randomUUID|randomBytes|AbortSignal\.timeout|hrtime)/;
    const clocks = ['src/time.ts', 'src/page/client/browser-time.ts'];
    for (const { path, text } of files.filter((file) => !clocks.includes(file.path)))
      expect([path, banned.exec(codeOf(text))?.[0]]).toEqual([path, undefined]);
  });

  it('ends aborted work by an AbortError, not by whatever its signal’s reason is', () => {
    for (const { path, text } of files)
      expect([path, /\.throwIfAborted\(/.exec(codeOf(text))?.[0]]).toEqual([path, undefined]);
  });

  it(`has at most ${FILE_LINES_MAX} lines, and functions of at most ${FUNCTION_LINES_MAX}`, () => {
    for (const { path, text } of files) {
      expect([path, text.split('\n').length <= FILE_LINES_MAX + 1]).toEqual([path, true]);
      expect([path, longFunctions(text)]).toEqual([path, []]);
    }
  });

  it('is named for what it holds, and holds no default export and no note of unfinished work', () => {
    for (const { path, text } of files) {
      expect(path).not.toMatch(/(utils|helpers|common|manager|types)\.ts$/);
      expect(path).toMatch(/^src\/[a-z0-9/-]+\.ts$/);
      expect([path, /export default|FIXME|TODO|@ts-ignore|console\./.exec(codeOf(text))?.[0]]).toEqual([
        path,
        undefined,
      ]);
    }
  });

  it('uses the field’s words', () => {
    // The chart library calls the pointer its cursor.
    for (const { path, text } of files.filter((file) => file.path !== 'src/page/client/time-chart.ts'))
      expect([path, /\b(cursor|mutex|consumerGroup)\b/i.exec(codeOf(text))?.[0]]).toEqual([path, undefined]);
  });
});

it('the check for long functions sees methods, functions and arrows', () => {
  const body = Array.from({ length: FUNCTION_LINES_MAX + 1 }, (_, n) => `    step${n}();`).join('\n');
  for (const opening of [
    '  async run(lease: Lease): Promise<void> {',
    '  private go(): void {',
    'const go = (): void => {',
    'export function go(a: string) {',
  ])
    expect([opening, longFunctions(`${opening}\n${body}\n${/^\s*/.exec(opening)?.[0]}}`).length]).toEqual([
      opening,
      1,
    ]);
});
