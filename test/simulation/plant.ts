import type { Mutant } from './mutants.ts';

/** The source with the bug. @throws when the bug does not fit the source any more. */
export function plant(source: string, { name, find, replace }: Mutant): string {
  const pieces = source.split(find);
  if (pieces.length !== 2)
    throw new Error(`the planted bug "${name}" occurs ${pieces.length - 1} times in its file; it must once`);
  return pieces.join(replace);
}
