/** Whether this Node is one to run on. Pure. */
import { type Check, ok, trouble } from './check.ts';

/** Oldest that the package supports, see `engines` in package.json. */
const OLDEST = [20, 19] as const;

/** Last day of each release line. Source: nodejs/Release, schedule.json, 2026-08. */
const SUPPORT_ENDS: Readonly<Record<number, string>> = {
  20: '2026-04-30',
  21: '2024-06-01',
  22: '2027-04-30',
  23: '2025-06-01',
  24: '2028-04-30',
  25: '2026-06-01',
  26: '2029-04-30',
};

/** `version` like `20.19.1`, `today` like `2026-11-28`. */
export function checkNode(version: string, today: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    return trouble('fail', 'node', {
      found: `Node ${version} is older than ${OLDEST.join('.')}, the oldest that works`,
      fix: 'run it on Node 24',
    });
  const end = SUPPORT_ENDS[major];
  if (end === undefined) return ok('node', `Node ${version}`);
  if (end >= today) return ok('node', `Node ${version}, supported until ${end}`);
  return trouble('warn', 'node', {
    found: `Node ${version} works, but its support ended on ${end}: no security fixes`,
    fix: 'run it on Node 24',
  });
}
