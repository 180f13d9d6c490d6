import { expect, it } from '@jest/globals';
import { reportRetries } from '../../../src/store/report-retries.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

it('an outage of the store is counted call by call and logged once a minute', async () => {
  const clock = new VirtualClock();
  const lines: unknown[] = [];
  const counts = { failed: 0, throttled: 0 };
  const nothing = () => undefined;
  const report = reportRetries(
    {
      debug: nothing,
      info: nothing,
      error: nothing,
      warn: (_event, _message, fields) => lines.push(fields?.count),
    },
    { awsFailed: () => (counts.failed += 1), throttled: () => (counts.throttled += 1) },
    clock,
  );
  const fail = (isThrottle: boolean) =>
    report({ errorName: 'TimeoutError', isThrottle, attempt: 0, delayMs: 1 });

  for (let call = 0; call < 5; call += 1) fail(call === 0);
  await clock.advance(61_000);
  fail(false);

  expect([lines, counts]).toEqual([[1, 5], { failed: 6, throttled: 1 }]);
});
