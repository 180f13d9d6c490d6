import { describe, expect, it } from '@jest/globals';
import { EventQueue } from '../../simulation/event-queue.ts';
import { SimProcess } from '../../simulation/sim-process.ts';

describe('the event queue', () => {
  it('lets things happen by time, and of one moment in the order of planning', async () => {
    const queue = new EventQueue();
    const happened: string[] = [];
    for (const [atMs, name] of [
      [30, 'c'],
      [10, 'a'],
      [30, 'd'],
      [20, 'b'],
    ] as const)
      queue.at(atMs, () => happened.push(`${name}${queue.nowMs}`));

    await queue.run(29);
    expect(happened).toEqual(['a10', 'b20']);
    await queue.run(100);

    expect(happened).toEqual(['a10', 'b20', 'c30', 'd30']);
    expect(queue.nowMs).toBe(100);
  });

  it('keeps a thousand events in order', async () => {
    const queue = new EventQueue();
    const times: number[] = [];
    for (let n = 0; n < 1_000; n += 1) queue.at((n * 7_919) % 1_009, () => times.push(queue.nowMs));

    await queue.run(2_000);

    expect(times).toHaveLength(1_000);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('settles all promises before time goes on, and ends when what it waits for is there', async () => {
    const queue = new EventQueue();
    let steps = 0;
    queue.at(5, async () => {
      for (let n = 0; n < 50; n += 1) await Promise.resolve();
      steps = 50;
    });
    queue.at(6, () => {
      steps += 1;
    });

    expect(await queue.run(10_000, () => steps === 51)).toBe(true);
    expect(queue.nowMs).toBeLessThan(10_000);
  });
});

describe('a simulated process', () => {
  const given = () => {
    const queue = new EventQueue();
    const process = new SimProcess('p', queue);
    const happened: string[] = [];
    const sleeps = (name: string, ms: number): void =>
      void process.sleep(ms).then(() => happened.push(`${name} at ${queue.nowMs}`));
    return { queue, process, happened, sleeps };
  };

  it('that is paused does everything afterwards, while its clock goes on', async () => {
    const { queue, process, happened, sleeps } = given();
    sleeps('early', 10);
    sleeps('late', 200);
    process.pause(100);
    await queue.run(1_000);

    expect(happened).toEqual(['early at 100', 'late at 200']);
    expect(process.pendingTimers).toBe(0);
  });

  it('that is killed does nothing any more', async () => {
    const { queue, process, happened, sleeps } = given();
    sleeps('never', 10);
    process.deliver(10, () => happened.push('an answer'));
    process.kill();
    await queue.run(1_000);

    expect(happened).toEqual([]);
  });

  it('can have its wall clock stepped, and a sleep ended early', async () => {
    const { queue, process, happened } = given();
    const before = process.wallMs();
    process.stepWall(-5_000);
    const waking = new AbortController();
    void process.sleep(500, waking.signal).then(() => happened.push(`woken at ${queue.nowMs}`));
    queue.at(20, () => waking.abort());
    await queue.run(1_000);

    expect(happened).toEqual(['woken at 20']);
    expect(process.pendingTimers).toBe(0);
    expect(process.wallMs()).toBe(before - 5_000 + 1_000);
    expect(process.monotonicMs()).toBe(1_000);
  });
});
