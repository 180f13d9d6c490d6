import { expect, it } from '@jest/globals';
import { WriteUnits } from '../../../src/store/write-units.ts';

it('one write of eight is measured and stands for the next ones', () => {
  const units = new WriteUnits();
  let measured = 0;
  const next = (sizeBytes: number): number =>
    units.next(() => {
      measured += 1;
      return sizeBytes;
    });

  expect([next(1_024), next(5_000)]).toEqual([1, 1]);
  for (let n = 2; n < 8; n += 1) next(1);
  expect([next(1_025), next(10)]).toEqual([2, 2]);
  expect(measured).toBe(2);
});
