import { expect, it } from '@jest/globals';
import { LoopWatch } from '../../../src/ops/loop-watch.ts';
import { logLines } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** A loop whose sleeps come late by what the test says. */
function givenWatch() {
  const clock = new VirtualClock();
  let lateMs = 0;
  const { log, lines } = logLines();
  const blocked: number[] = [];
  const watch = new LoopWatch({
    log,
    clock: Object.assign(Object.create(clock) as VirtualClock, {
      monotonicMs: () => clock.monotonicMs(),
      sleep: (ms: number) => clock.sleep(ms + lateMs),
    }),
    onBlocked: (ms) => blocked.push(ms),
  });
  const pulse = async (late: number): Promise<void> => {
    lateMs = late;
    const sleeping = watch.sleep(1_000, new AbortController().signal);
    await clock.advance(1_000 + late);
    await sleeping;
  };
  return { clock, watch, lines, blocked, pulse };
}

it('a pulse that comes a second late or more is a standstill: counted, told, and a trouble for a minute', async () => {
  const { clock, watch, lines, blocked, pulse } = givenWatch();
  await pulse(999);
  expect([blocked, watch.troubles(), lines]).toEqual([[], [], []]);

  await pulse(4_200);
  expect(blocked).toEqual([4_200]);
  expect(lines).toMatchObject([{ level: 'warn', event: 'worker.stood-still', fields: { elapsedMs: 4_200 } }]);
  expect(watch.troubles()).toMatchObject([{ kind: 'event-loop-blocked', forMs: 4_200 }]);

  await clock.advance(60_000);
  expect(watch.troubles()).toEqual([]);
});

it('standing still again and again is told once a minute, and the longest is shown', async () => {
  const { lines, blocked, watch, pulse } = givenWatch();
  await pulse(3_000);
  for (let n = 0; n < 24; n += 1) await pulse(1_500);

  expect(blocked).toHaveLength(25);
  expect(lines.map(({ fields }) => fields.count)).toEqual([1, 24]);
  await pulse(9_000);
  await pulse(1_500);
  expect(watch.troubles()[0]?.text).toContain('stood still for 9 s, 3 s ago');
});
