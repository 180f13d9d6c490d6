import { describe, expect, it } from '@jest/globals';
import {
  EMPTY_MEMORY,
  type EventId,
  eventIdOf,
  type IdentifiedEvent,
  judge,
  remember,
  spill,
} from '../../../src/reduce/dedup-memory.ts';

const id = (digit: string) => digit.repeat(32) as EventId;
const hash16 = (text: string): string => `hash of ${text}`;

describe('an event’s identity', () => {
  it('is the sid’s 16 bytes, whatever their case, or a hash of any other form', () => {
    expect(eventIdOf(`EZ${'aB'.repeat(16)}`, hash16)).toBe('ab'.repeat(16));
    expect(eventIdOf('evt-1', hash16)).toBe('hash of evt-1');
  });
});

const at = (name: string, timestampMs?: number): IdentifiedEvent => ({
  id: id(name),
  event: timestampMs === undefined ? {} : { timestampMs },
});

describe('the dedup memory', () => {
  it('knows what it holds, and takes anything else as new while it has no pages', () => {
    const memory = remember(EMPTY_MEMORY, [at('a', 100)]);

    expect(judge(memory, id('a'), 100)).toBe('duplicate');
    expect(judge(memory, id('b'), 1)).toBe('new');
  });

  it('asks the pages only about events not later than what they hold, and about events without a time', () => {
    const { ids, memory } = spill(remember(EMPTY_MEMORY, [at('a', 100), at('b', 90)]));

    expect(ids).toEqual([id('a'), id('b')]);
    expect(memory.ring).toEqual([]);
    expect(judge(memory, id('c'), 101)).toBe('new');
    expect(judge(memory, id('a'), 100)).toBe('ask-pages');
    expect(judge(memory, id('d'), undefined)).toBe('ask-pages');
  });

  it('keeps the latest spilled time when later spills hold older events', () => {
    const first = spill(remember(EMPTY_MEMORY, [at('a', 100)])).memory;
    const second = spill(remember(first, [at('b', 50)])).memory;

    expect(judge(second, id('c'), 75)).toBe('ask-pages');
  });

  it('that spilled only events without a time still sends events without a time to the pages', () => {
    const { memory } = spill(remember(EMPTY_MEMORY, [at('a')]));

    expect(judge(memory, id('a'), undefined)).toBe('ask-pages');
    expect(judge(memory, id('b'), 5)).toBe('new');
  });
});
