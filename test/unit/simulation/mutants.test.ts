import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { MUTANTS } from '../../simulation/mutants.ts';
import { plant } from '../../simulation/plant.ts';

const SOURCE = join(import.meta.dirname, '../../../src');

describe('planted bugs', () => {
  it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s still fits the source',
    (_, mutant) => {
      const source = readFileSync(join(SOURCE, mutant.file), 'utf8');

      expect(plant(source, mutant)).not.toBe(source);
    },
  );

  it('have different names', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  });

  it('that fit twice or not at all are refused', () => {
    const mutant = { name: 'x', file: 'x.ts', find: 'b', replace: 'c' };

    expect(plant('abd', mutant)).toBe('acd');
    expect(() => plant('abb', mutant)).toThrow('occurs 2 times');
    expect(() => plant('a', mutant)).toThrow('occurs 0 times');
  });
});
