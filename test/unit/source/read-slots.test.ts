import { describe, expect, it } from '@jest/globals';
import { ReadSlots } from '../../../src/source/read-slots.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const NEVER = new AbortController().signal;

/** Reads that end when told to. */
function given() {
  const clock = new VirtualClock();
  const slots = new ReadSlots(clock);
  const begun: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const read = async (name: string, signal = NEVER): Promise<unknown> => {
    const work = (): Promise<string> => {
      begun.push(name);
      return new Promise((resolve, reject) =>
        ends.set(name, (error) => (error ? reject(error) : resolve(name))),
      );
    };
    const reading = slots.run(work, signal).catch((error: unknown) => error);
    await clock.advance(0);
    return { reading };
  };
  const end = async (name: string, error?: Error): Promise<void> => {
    ends.get(name)?.(error);
    await clock.advance(0);
  };
  return { clock, read, end, begun };
}

describe('the slots for reading full pages', () => {
  it('lets three read at once, and the next in their order as each ends', async () => {
    const { read, end, begun } = given();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await read(name);
    expect(begun).toEqual(['a', 'b', 'c']);

    await end('b', new Error('throttled'));
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    await end('a');
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('waits a second at most for a read that hangs', async () => {
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
