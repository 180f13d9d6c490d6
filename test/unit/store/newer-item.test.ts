import { describe, expect, it } from '@jest/globals';
import { NewerItemError } from '../../../src/store/newer-item.ts';
import { unpackSim } from '../../../src/store/packed-sim.ts';
import { unpackPrivateState } from '../../../src/store/private-state.ts';

const nameOf = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    return (error as Error).name;
  }
  return 'nothing';
};

describe.each([
  ['a private state', unpackPrivateState, 3],
  ['a SIM', unpackSim, 2],
] as const)('%s', (_, unpack, next) => {
  it.each([next, next + 1, 31])('of a layout that is yet to come (%i) is newer, not damaged', (version) => {
    expect(nameOf(() => unpack(new Uint8Array([version])))).toBe(NewerItemError.name);
  });

  it.each([0, 32, 123, 255])('of a layout that will never be (%i) is damaged', (version) => {
    expect(nameOf(() => unpack(new Uint8Array([version])))).toBe('RangeError');
  });
});

it('a private state with parts that are yet to come is newer', () => {
  const layout2 = [2, 0, 0, 0];

  expect(nameOf(() => unpackPrivateState(new Uint8Array([...layout2, 4])))).toBe(NewerItemError.name);
  expect(nameOf(() => unpackPrivateState(new Uint8Array(layout2)))).toBe('RangeError');
});
