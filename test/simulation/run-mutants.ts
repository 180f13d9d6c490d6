/** Plants each bug in a copy of the compiled program and looks how soon the simulation finds it. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import { MUTANTS, type Mutant } from './mutants.ts';
import { plant } from './plant.ts';
import { runSeeds } from './pool.ts';
import type { SeedReport } from './world.ts';

export interface MutantResult {
  readonly name: string;
  /** The seed that found it; undefined when none did. */
  readonly seed: number | undefined;
  /** Seeds run until then. */
  readonly seeds: number;
  readonly invariants: readonly string[];
  readonly what: string;
}

/** Where this program was compiled to: `.tools`. */
const COMPILED = join(dirname(fileURLToPath(import.meta.url)), '../..');
const PROJECT = dirname(COMPILED);

/** Types gone, and relative imports as the compiler writes them. */
function compile(source: string): string {
  const { code } = transformSync(source, {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'es6' },
  });
  return code.replace(/(from\s*['"]\.[^'"]+)\.ts(['"])/g, '$1.js$2');
}

function copyWith(mutant: Mutant, directory: string): string {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const part of ['src', 'test', 'package.json'])
    cpSync(join(COMPILED, part), join(directory, part), { recursive: true });
  const source = readFileSync(join(PROJECT, 'src', mutant.file), 'utf8');
  writeFileSync(join(directory, 'src', mutant.file.replace(/\.ts$/, '.js')), compile(plant(source, mutant)));
  return join(directory, 'test/simulation/main.js');
}

const WHAT_MAX_CHARACTERS = 160;
/** A bug may have broken what it prints. */
const inOneLine = (what: string): string => what.replace(/[^ -~]+/g, ' ').slice(0, WHAT_MAX_CHARACTERS);

async function hunt(mutant: Mutant, seeds: number, directory: string): Promise<MutantResult> {
  const mainFile = copyWith(mutant, directory);
  let found: SeedReport | undefined;
  let count = 0;
  try {
    await runSeeds({ from: 1, seeds, jobs: 1, mainFile }, (report) => {
      count += 1;
      if (report.violations.length === 0) return undefined;
      found = report;
      return 'enough';
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const violations = found?.violations ?? [];
  return {
    name: mutant.name,
    seed: found?.seed,
    seeds: count,
    invariants: [...new Set(violations.map(({ invariant }) => invariant))],
    what: inOneLine(violations[0]?.what ?? ''),
  };
}

/** Hunts every bug, or those whose name contains `only`, for at most `seeds` seeds each. */
export async function runMutants(
  { seeds, jobs, only }: { readonly seeds: number; readonly jobs: number; readonly only?: string },
  onResult: (result: MutantResult) => void,
): Promise<MutantResult[]> {
  const waiting = MUTANTS.filter(({ name }) => only === undefined || name.includes(only));
  const results: MutantResult[] = [];
  const work = async (_: unknown, worker: number): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const result = await hunt(mutant, seeds, join(PROJECT, `.tools-mutant-${worker}`));
      results.push(result);
      onResult(result);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return results;
}
