/** Writes what was measured into docs/performance.md, with its pictures. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Results } from '../results.ts';
import { IMAGE_ENVIRONMENT } from '../run-worker.ts';
import { figures } from './figures.ts';
import { type CpuProfile, flameSvg } from './flame.ts';
import { resultsSvg } from './plots.ts';

const DOCUMENT = 'docs/performance.md';
const BETWEEN_MARKS = /(?<=<!-- figures:[^>]*-->\n)[\s\S]*?(?=\n<!-- \/figures -->)/;

/** Has `run` start a worker that profiles itself, by these variables, and gives its profile. */
export async function profiled(
  run: (settings: Readonly<Record<string, string>>) => Promise<unknown>,
): Promise<CpuProfile> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const { NODE_OPTIONS } = IMAGE_ENVIRONMENT;
    await run({ NODE_OPTIONS: `${NODE_OPTIONS} --cpu-prof --cpu-prof-dir=${folder}` });
    const [name] = readdirSync(folder);
    if (!name) throw new Error('the worker wrote no profile');
    return JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Run from the project's root. @throws Error when the results do not fit the document. */
export function writeDocs(results: Results, profile: CpuProfile): void {
  const document = readFileSync(DOCUMENT, 'utf8');
  if (!BETWEEN_MARKS.test(document)) throw new Error(`${DOCUMENT} has lost the marks around its figures`);
  const text = figures(results);
  writeFileSync(
    DOCUMENT,
    document.replace(BETWEEN_MARKS, () => text),
  );
  writeFileSync('docs/performance.svg', `${resultsSvg(results)}\n`);
  writeFileSync('docs/flame.svg', `${flameSvg(profile)}\n`);
}
