import { expect, it } from '@jest/globals';
import { sumTotals } from '../../../src/supervisor/sum-totals.ts';
import { totalsOf } from '../../support/fake-processes.ts';

it('adds numbers, exact integers and counts by name', () => {
  const sum = sumTotals([
    totalsOf({ read: 3, applied: 2, downloadBytes: 2n ** 60n, ignoredByReason: { 'test-event': 1 } }),
    totalsOf({
      read: 4,
      applied: 4,
      downloadBytes: 1n,
      ignoredByReason: { 'test-event': 2, 'other-type': 5 },
    }),
  ]);

  expect(sum).toEqual(
    totalsOf({
      read: 7,
      applied: 6,
      downloadBytes: 2n ** 60n + 1n,
      ignoredByReason: { 'test-event': 3, 'other-type': 5 },
    }),
  );
});

it('is all zeros without workers', () => {
  expect(sumTotals([])).toEqual(totalsOf());
});
