import { describe, expect, it } from '@jest/globals';
import { EventBudget } from '../../src/event-budget.ts';
import { settle } from '../support/virtual-clock.ts';

function given(max: number) {
  let askedForRoom = 0;
  const budget = new EventBudget(max, () => {
    askedForRoom += 1;
  });
  const went: string[] = [];
  const take = async (name: string, count: number): Promise<void> => {
    void budget.take(count).then(() => went.push(name));
    await settle();
  };
  const give = async (count: number): Promise<void> => {
    budget.give(count);
    await settle();
  };
  return { take, give, went, askedForRoom: () => askedForRoom };
}

describe('the budget of events in memory', () => {
  it('lets events in while there is room, and asks for room when there is none', async () => {
    const { take, went, askedForRoom } = given(10);
    await take('a', 6);
    await take('b', 4);
    expect([went, askedForRoom()]).toEqual([['a', 'b'], 0]);

    await take('c', 1);
    expect([went, askedForRoom()]).toEqual([['a', 'b'], 1]);
  });

  it('lets the first who waits go first, though a later one would fit', async () => {
    const { take, give, went } = given(10);
    await take('a', 8);
    await take('large', 9);
    await take('small', 1);
    expect(went).toEqual(['a']);

    await give(8);
    expect(went).toEqual(['a', 'large', 'small']);
  });

  it('lets a page larger than all of it go alone', async () => {
    const { take, give, went, askedForRoom } = given(10);
    await take('a', 1);
    await take('huge', 50);
    await take('b', 1);
    await give(1);
    expect(went).toEqual(['a', 'huge']);
    expect(askedForRoom()).toBeGreaterThan(2);

    await give(50);
    expect(went).toEqual(['a', 'huge', 'b']);
  });
});
