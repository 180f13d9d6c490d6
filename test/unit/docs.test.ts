/** What the documents promise to be tested is tested by that name. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { REASONS } from '../../src/reconcile/reasons.ts';

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'docs/kcl.md'), 'utf8');
const complaints = text.split('\n').filter((line) => /^\| \d+ \|/.test(line));

describe('docs/kcl.md', () => {
  it('answers 25 complaints', () => {
    expect(complaints.map((line) => Number(line.split('|')[1]))).toEqual(
      Array.from({ length: 25 }, (_, index) => index + 1),
    );
    for (const line of complaints) expect(line.split('|').at(-2)?.trim().length).toBeGreaterThan(10);
  });

  it.each(
    [...text.matchAll(/`(test\/[^`]+\.test\.ts)` "([^"]+)"/g)].map(([, file = '', title = '']) => [
      file,
      title,
    ]),
  )('%s has the test "%s"', (file, title) => {
    expect(readFileSync(join(root, file), 'utf8')).toContain(title);
  });

  it('links only to what is there', () => {
    const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !existsSync(join(root, 'docs', link)))).toEqual([]);
  });
});

describe('docs/reconciliation.md', () => {
  const reconciliation = readFileSync(join(root, 'docs/reconciliation.md'), 'utf8');

  it.each(REASONS)('says of %s what to do', (reason) => {
    const row = reconciliation.split('\n').find((line) => line.startsWith(`| \`${reason}\` |`));
    const [, , when = '', todo = ''] = row?.split('|') ?? [];
    expect([when.trim().length > 5, todo.trim().length > 5]).toEqual([true, true]);
  });

  it('names the exit code', () => {
    expect(reconciliation).toContain(`**${EXIT.differences}**`);
  });
});
