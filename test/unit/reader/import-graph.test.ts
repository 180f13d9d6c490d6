/** `supersim-meter/reader` pulls in the SDK's clients and zod, and nothing of the worker's other dependencies. */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../../..');
const DOOR = 'src/reader/index.ts';
const PACKAGES = ['@aws-sdk/client-dynamodb', '@aws-sdk/lib-dynamodb', '@aws-sdk/util-dynamodb', 'zod'];
/** The clock and the random bytes of the whole program; the digest by which a day knows what it has counted. */
const BUILT_IN = [
  'src/time.ts: node:crypto',
  'src/time.ts: node:perf_hooks',
  'src/store/open-usage.ts: node:crypto',
];

/** What is imported when it runs: types are not. */
const importsOf = (path: string): string[] =>
  [
    ...readFileSync(join(ROOT, path), 'utf8').matchAll(
      /^(?:import|export) (?!type )(?:[^;=]*? from )?'([^']+)';$/gm,
    ),
  ].map(([, name = '']) => (name.startsWith('.') ? relative(ROOT, join(ROOT, dirname(path), name)) : name));

const reached = new Set<string>();
const outside = new Set<string>();
const visit = (path: string): void => {
  if (reached.has(path)) return;
  reached.add(path);
  for (const name of importsOf(path))
    if (name.startsWith('src/')) visit(name);
    else outside.add(name.startsWith('node:') ? `${path}: ${name}` : name);
};
visit(DOOR);

it('the reader imports no package but the SDK’s DynamoDB clients and zod', () => {
  expect([...outside].filter((name) => ![...PACKAGES, ...BUILT_IN].includes(name))).toEqual([]);
  expect(outside).toContain('zod');
});

it('the reader reaches no part of the worker that is not pure', () => {
  const foreign = [...reached].filter(
    (path) => !/^src\/(reader|store|reduce|decode)\/|^src\/time\.ts$/.test(path),
  );
  expect(foreign).toEqual([]);
  expect(reached).toContain('src/reader/item-reader.ts');
});
