/** docs/downstream.md holds the examples as they are run, and leaves out nothing of the reader. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import * as door from '../../../src/reader/index.ts';
import { FakeTables } from '../../support/fake-tables.ts';

const ROOT = join(import.meta.dirname, '../../..');
const DOC = readFileSync(join(ROOT, 'docs/downstream.md'), 'utf8');

it.each(readdirSync(join(ROOT, 'docs/examples')))('holds docs/examples/%s as it is', (name) => {
  const embedded = new RegExp(`<!-- docs/examples/${name} -->\n\`\`\`\\w+\n([\\s\\S]*?)\`\`\``).exec(
    DOC,
  )?.[1];
  expect(embedded).toBe(readFileSync(join(ROOT, 'docs/examples', name), 'utf8'));
});

it('holds every export and every read of the reader', () => {
  const reads = Object.getOwnPropertyNames(
    Object.getPrototypeOf(door.createReader({ client: new FakeTables({}).client })),
  ).filter((name) => !['constructor', 'usage', 'load'].includes(name));
  expect(reads).toContain('usageOfFleet');
  const names = Object.keys(door).filter((name) => name !== 'READER_ERROR_CODES');
  expect([...names, ...reads].filter((name) => !DOC.includes(name))).toEqual([]);
});

it('holds every attribute of the SIM and the usage item', () => {
  const section = (title: string): string => DOC.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
  const left = (title: string, names: object): string[] =>
    Object.keys(names).filter((name) => !section(title).includes(`\`${name}\``));
  expect(left('The SIM item', door.simSchema.shape)).toEqual([]);
  expect(left('The usage item', door.usageSchema.shape)).toEqual([]);
});

it('explains every error code', () => {
  const explained = [...DOC.matchAll(/^\| `([a-z-]+)` \| [^|]+ \| [^|]+ \|$/gm)].map(([, code]) => code);
  expect(explained.filter((code) => /^(item|image|range|thr)/.test(code ?? ''))).toEqual([
    ...door.READER_ERROR_CODES,
  ]);
});

it('links only to what is there', () => {
  const links = [...DOC.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link);
  expect(links.filter((link) => !existsSync(join(ROOT, 'docs', link)))).toEqual([]);
});
