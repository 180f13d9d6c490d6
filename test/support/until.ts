import { systemClock } from '../../src/time.ts';

const LOOK_EVERY_MS = 50;

/** Waits for a condition, looking every 50 ms; resolves to how long it took, in ms. `describe` says in the failure's
 *  message what there was instead. @throws when it has not come true within `withinMs`. */
export async function until(
  what: string,
  withinMs: number,
  isTrue: () => boolean | Promise<boolean>,
  describe: () => string = () => '',
): Promise<number> {
  const startedAtMs = systemClock.monotonicMs();
  const elapsedMs = (): number => systemClock.monotonicMs() - startedAtMs;
  while (!(await isTrue())) {
    if (elapsedMs() > withinMs) throw new Error(`${what}: not within ${withinMs} ms. ${describe()}`);
    await systemClock.sleep(LOOK_EVERY_MS);
  }
  return elapsedMs();
}
