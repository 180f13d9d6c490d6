import { describe, expect, it } from '@jest/globals';
import { Fifo } from '../../../src/store/fifo.ts';

describe('first in, first out', () => {
  it('gives each in its order, however many come and go', () => {
    const fifo = new Fifo<number>();
    const left: (number | undefined)[] = [];
    for (let item = 0; item < 20_000; item += 1) {
      fifo.push(item);
      if (item % 3 > 0) left.push(fifo.shift());
    }
    expect(fifo.size).toBe(20_000 - left.length);
    expect(fifo.peek()).toBe(left.length);
    expect(fifo.all()).toHaveLength(fifo.size);
    while (fifo.size > 0) left.push(fifo.shift());

    expect(left).toEqual(Array.from({ length: 20_000 }, (_, item) => item));
    expect([fifo.shift(), fifo.peek(), fifo.size]).toEqual([undefined, undefined, 0]);
  });
});
