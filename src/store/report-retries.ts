import type { Log } from '../ops/log.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { FailedAttempt } from '../retry.ts';
import type { Clock } from '../time.ts';

const WARN_EVERY_MS = 60_000;

/** Counts every failed DynamoDB call, and logs one line a minute while they fail: an outage is seen, not heard. */
export function reportRetries(
  log: Log,
  metrics: Pick<Metrics, 'awsFailed' | 'throttled'>,
  clock: Clock,
): (failure: FailedAttempt) => void {
  let warnedAtMs = Number.NEGATIVE_INFINITY;
  let failures = 0;
  return ({ errorName, isThrottle, attempt, delayMs }) => {
    metrics.awsFailed('dynamodb', errorName);
    if (isThrottle) metrics.throttled('dynamodb');
    failures += 1;
    if (clock.monotonicMs() - warnedAtMs < WARN_EVERY_MS) return;
    warnedAtMs = clock.monotonicMs();
    log.warn(
      'store.retry',
      'DynamoDB failed; it is tried again until it works, and nothing is checkpointed',
      {
        errorName,
        attempt,
        delayMs: Math.round(delayMs),
        count: failures,
      },
    );
    failures = 0;
  };
}
