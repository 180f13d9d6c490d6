/** What SIMs and usage by hour cost beside sessions, by AWS's rules, for devices that are always on. */
import { expect, it } from '@jest/globals';
import { ASSUMPTION_DEFAULTS } from '../../../src/estimate/assumptions.ts';
import { steadyUnits } from '../../support/steady-fleet.ts';

const FLEET = { devices: 4, days: 4 };
const ALL = ['sessions', 'sims', 'usage'] as const;

it('an event costs at most 1.5 write units with all projections on, and what `estimate` takes each to cost', async () => {
  const { sessionEvents, sessions, attachments, write, read } = await steadyUnits(ALL, FLEET);
  const { simWriteUnits, usageWriteUnits, writeUnitsPerEvent } = ASSUMPTION_DEFAULTS;
  const total = Object.values(write).reduce((sum, units) => sum + units, 0);
  const [transitions, hours, days] = [attachments + 2 * sessions, read.usage, sessions];

  expect(total / sessionEvents).toBeGreaterThan(1.1);
  expect(total / sessionEvents).toBeLessThanOrEqual(1.5);
  // Each hour is handed on once, to a day that is read before.
  expect(hours / (FLEET.devices * FLEET.days)).toBeGreaterThanOrEqual(24);
  expect(hours / (FLEET.devices * FLEET.days)).toBeLessThanOrEqual(25);
  expect(write.usage).toBeLessThanOrEqual(hours * usageWriteUnits + days);
  expect(write.usage).toBeGreaterThan(hours * usageWriteUnits * 0.9);
  expect(write.sims).toBeLessThanOrEqual(transitions * simWriteUnits);
  // Sessions, their index entries, and all pages.
  expect(write.sessions + write.dedup - 3 * sessions).toBeLessThanOrEqual(
    sessionEvents * (writeUnitsPerEvent + 0.01),
  );
});
