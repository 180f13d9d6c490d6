/** docs/terraform.md names every resource, parameter and context value: by it others build the same. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { CONTEXT_NAMES } from '../lib/meter-context.ts';
import { synthesized } from './template.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/terraform.md'), 'utf8');
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.split('|').map((cell) => cell.trim()));
const namesIn = (cell = ''): readonly string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

it('docs/terraform.md counts every type of resource as the template has them', () => {
  const counted = new Map(
    rows.flatMap(([, types, counts = '']) => {
      const numbers = counts.split(',').map((count) => Number.parseInt(count, 10));
      return namesIn(types)
        .filter((name) => name.startsWith('AWS::'))
        .map((name, at) => [name, numbers[at] ?? numbers[0]] as const);
    }),
  );
  const found = new Map<string, number>();
  for (const { Type } of synthesized().resources) found.set(Type, (found.get(Type) ?? 0) + 1);

  expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(found));
});

it('docs/terraform.md has a row for each parameter and each context value', () => {
  const documented = rows.flatMap(([, name]) => namesIn(name));

  expect(documented).toEqual(
    expect.arrayContaining([...CONTEXT_NAMES, ...Object.keys(synthesized().json['Parameters'] as object)]),
  );
});
