import { errorName } from '../errors.ts';
import type { Clock } from '../time.ts';

/** ECS kills a health command after 5 s by default. Unit: ms. */
const CHECK_TIMEOUT_MS = 3_000;

/** `fetch` hides the reason behind a TypeError. */
const causeOf = (error: unknown): string =>
  (error as { cause?: { code?: string } }).cause?.code ?? errorName(error);

/** Asks the worker at `address`, "HOST:PORT", how it is: for container probes, since slim images have no curl.
 *  Never rejects: a worker that does not answer is not well. */
export async function checkHealth(address: string, clock: Clock): Promise<{ ok: boolean; body: string }> {
  // An address to listen on need not be one to call.
  const reachable = address.replace(/^(0\.0\.0\.0|\[::\]):/, '127.0.0.1:');
  const deadline = clock.timeout(CHECK_TIMEOUT_MS);
  try {
    const response = await fetch(`http://${reachable}/healthz`, { signal: deadline.signal });
    return { ok: response.ok, body: await response.text() };
  } catch (error) {
    return { ok: false, body: `no answer from ${reachable} (${causeOf(error)})` };
  } finally {
    deadline.cancel();
  }
}
