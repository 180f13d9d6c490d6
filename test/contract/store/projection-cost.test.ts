import { expect, it } from '@jest/globals';
import { steadyUnits } from '../../support/steady-fleet.ts';

it('probe', async () => {
  for (const p of [
    ['sessions'],
    ['sessions', 'sims'],
    ['sessions', 'usage'],
    ['sessions', 'sims', 'usage'],
  ] as const) {
    const u = await steadyUnits(p, { devices: 10, days: 3 });
    const per = (r: Readonly<Record<string, number>>) =>
      Object.fromEntries(Object.entries(r).map(([k, v]) => [k, +(v / u.sessionEvents).toFixed(4)]));
    console.log(
      p.join(),
      u.sessionEvents,
      JSON.stringify(per(u.write)),
      (Object.values(u.write).reduce((a, b) => a + b) / u.sessionEvents).toFixed(4),
      JSON.stringify(per(u.read)),
    );
  }
  expect(1).toBe(1);
});
