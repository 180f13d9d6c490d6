import { describe, expect, it } from '@jest/globals';
import { ReadSlots } from '../../../src/source/read-slots.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const NEVER = new AbortController().signal;

/** Pages that are done with when told so. */
function given() {
  const clock = new VirtualClock();
  const slots = new ReadSlots(clock);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const read = async (name: string, signal = NEVER): Promise<void> => {
    void slots.take(signal).then((giveBack) => {
      begun.push(name);
      ends.set(name, giveBack);
    });
    await clock.advance(0);
  };
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await clock.advance(0);
  };
  return { clock, read, end, begun };
}

describe('the slots for full pages', () => {
  it('lets three have a page at once, and the next in their order as each is done', async () => {
    const { read, end, begun } = given();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await read(name);
    expect(begun).toEqual(['a', 'b', 'c']);

    await end('b');
    await end('b');
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    await end('a');
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('waits a second at most for one that hangs', async () => {
    const { clock, read, begun } = given();
    for (const name of ['a', 'b', 'c', 'd']) await read(name);
    await clock.advance(999);
    expect(begun).toHaveLength(3);

    await clock.advance(1);
    expect(begun).toHaveLength(4);
  });

  it('lets one that is told to stop go on at once, and takes no slot for it', async () => {
    const { read, end, begun } = given();
    const stop = new AbortController();
    for (const name of ['a', 'b', 'c']) await read(name);
    await read('stopped', stop.signal);
    await read('d');
    stop.abort();
    await end('stopped');
    expect(begun).toEqual(['a', 'b', 'c', 'stopped']);

    await end('a');
    expect(begun.at(-1)).toBe('d');
    await read('late', stop.signal);
    expect(begun.at(-1)).toBe('late');
  });
});
