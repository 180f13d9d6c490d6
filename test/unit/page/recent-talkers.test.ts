import { describe, expect, it } from '@jest/globals';
import { RecentTalkers, sumTalkers, TALKERS_WINDOW_MS } from '../../../src/page/recent-talkers.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('who used most lately', () => {
  it('is told by bytes, most first', () => {
    const talkers = new RecentTalkers(new VirtualClock());
    talkers.count('a', 5);
    talkers.count('b', 9);
    talkers.count('a', 6);
    talkers.count('c', 0);

    expect(talkers.most(2)).toEqual([
      { simSid: 'a', bytes: 11 },
      { simSid: 'b', bytes: 9 },
    ]);
    expect(talkers.most(9)).toHaveLength(2);
  });

  it('is forgotten after the window', async () => {
    const clock = new VirtualClock();
    const talkers = new RecentTalkers(clock);
    talkers.count('a', 5);
    await clock.advance(TALKERS_WINDOW_MS / 2);
    talkers.count('b', 1);
    expect(talkers.most(9)).toHaveLength(2);

    await clock.advance(TALKERS_WINDOW_MS / 2);

    expect(talkers.most(9)).toEqual([{ simSid: 'b', bytes: 1 }]);
  });

  it('takes bounded memory', () => {
    const talkers = new RecentTalkers(new VirtualClock());
    for (let sim = 0; sim < 12_000; sim += 1) talkers.count(`sim-${sim}`, 1);
    talkers.count('sim-0', 1);

    expect(talkers.most(20_000)).toHaveLength(10_000);
    expect(talkers.most(1)).toEqual([{ simSid: 'sim-0', bytes: 2 }]);
  });

  it('adds up what several workers say', () => {
    const a = [{ simSid: 'x', bytes: 5 }];
    const b = [
      { simSid: 'y', bytes: 7 },
      { simSid: 'x', bytes: 3 },
    ];

    expect(sumTalkers([a, b], 1)).toEqual([{ simSid: 'x', bytes: 8 }]);
  });
});
