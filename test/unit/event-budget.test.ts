import { describe, expect, it } from '@jest/globals';
import { EventBudget, type Room } from '../../src/event-budget.ts';
import { settle } from '../support/virtual-clock.ts';

function given(max: number) {
  let askedForRoom = 0;
  const budget = new EventBudget(max, () => {
    askedForRoom += 1;
  });
  const went: string[] = [];
  const rooms = new Map<string, Room>();
  const take = async (name: string, count: number): Promise<void> => {
    void budget.take(count).then((room) => {
      rooms.set(name, room);
      went.push(name);
    });
    await settle();
  };
  const leave = async (name: string): Promise<void> => {
    rooms.get(name)?.leave();
    await settle();
  };
  const resize = async (name: string, count: number): Promise<void> => {
    rooms.get(name)?.resize(count);
    await settle();
  };
  return { take, leave, resize, went, askedForRoom: () => askedForRoom };
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
    const { take, leave, went } = given(10);
    await take('a', 8);
    await take('large', 9);
    await take('small', 1);
    expect(went).toEqual(['a']);

    await leave('a');
    expect(went).toEqual(['a', 'large', 'small']);
  });

  it('lets a page larger than all of it go alone', async () => {
    const { take, leave, went, askedForRoom } = given(10);
    await take('a', 1);
    await take('huge', 50);
    await take('b', 1);
    await leave('a');
    expect(went).toEqual(['a', 'huge']);
    expect(askedForRoom()).toBeGreaterThan(2);

    await leave('huge');
    expect(went).toEqual(['a', 'huge', 'b']);
  });

  it('lets others in when a page turns out to hold less, and waits longer when it holds more', async () => {
    const { take, resize, leave, went } = given(10);
    await take('a', 9);
    await take('b', 5);
    await resize('a', 4);
    expect(went).toEqual(['a', 'b']);

    await resize('b', 20);
    await take('c', 1);
    await leave('a');
    expect(went).toEqual(['a', 'b']);
    await leave('b');
    expect(went).toEqual(['a', 'b', 'c']);
  });
});
