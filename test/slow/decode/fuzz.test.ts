import { expect, it } from '@jest/globals';
import { fuzz } from '../../fuzz/fuzz.ts';
import { MUTATIONS } from '../../fuzz/make-record.ts';

it('each of 20,000 changed records is applied, ignored or dead-lettered, and none throws', async () => {
  const { books, outcomes, mutations, elapsedMs } = await fuzz({ seed: 20_000, records: 20_000 });

  expect(books.read).toBe(books.applied + books.duplicate + books.ignored + books.deadLettered);
  expect(books.applied).toBeGreaterThan(4_000);
  expect(Object.keys(outcomes).length).toBeGreaterThan(28);
  expect(MUTATIONS.filter((name) => (mutations[name] ?? 0) < 5)).toEqual([]);
  process.stdout.write(`fuzz: 20,000 records in ${(elapsedMs / 1_000).toFixed(1)} s, ${books.read} items\n`);
});
