/** Whether each service that we depend on answers. An outage is two lines of the log, its begin and its end, however
 *  many calls fail in between; retrying is the callers' matter.
 *
 *    answering ──a call fails──► in doubt ──10 s without an answer──► failing (a trouble, one warning)
 *        ▲                          │ an answer                          │ an answer (one line)
 *        └──────────────────────────┴────────────────────────────────────┘ */
import { classify, errorName, isFromService } from '../errors.ts';
import type { Clock } from '../time.ts';
import type { Log } from './log.ts';
import { AWS_SERVICES, type AwsService } from './metrics.ts';
import { spoken, type Trouble } from './troubles.ts';

/** Shorter gaps are the SDK's own business. Unit: ms. */
const TROUBLE_AFTER_MS = 10_000;
/** Who gives a call up after so long has had no answer; sooner, we are stopping. Unit: ms. */
const HUNG_AFTER_MS = 30_000;

const SUBJECTS: Readonly<Record<AwsService, string>> = {
  kinesis: 'Kinesis',
  dynamodb: 'DynamoDB',
  'lease-table': 'The lease table',
};

/** How one call ended: with an answer, or with an error. `attempts`: of the SDK, the first included. */
export type CallEnd = (result: { readonly error?: unknown; readonly attempts?: number }) => void;

export interface AwsWatchDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each call of the lease table that failed: the other services' are counted where they are repeated. */
  readonly onLeaseFailure: (errorName: string) => void;
  /** Told of attempts that the SDK repeated by itself. */
  readonly onRetries: (service: AwsService, count: number) => void;
}

interface ServiceState {
  /** Starts of calls under way, the oldest first. Each a value of its own: two may begin at once. */
  readonly underWay: Set<{ readonly startedAtMs: number }>;
  answeredAtMs: number;
  /** Start of the first call without an answer since the last answer. Monotonic ms. */
  failingSinceMs: number | undefined;
  failures: number;
  lastError: string;
  /** The log knows. */
  isTold: boolean;
}

export class AwsWatch {
  private readonly deps: AwsWatchDeps;
  private readonly states: ReadonlyMap<AwsService, ServiceState>;

  constructor(deps: AwsWatchDeps) {
    this.deps = deps;
    this.states = new Map(
      AWS_SERVICES.map((service) => [
        service,
        {
          underWay: new Set(),
          answeredAtMs: Number.NEGATIVE_INFINITY,
          failingSinceMs: undefined,
          failures: 0,
          lastError: '',
          isTold: false,
        },
      ]),
    );
  }

  /** A call begins; returns what to tell of its end. */
  began(service: AwsService): CallEnd {
    const startedAtMs = this.deps.clock.monotonicMs();
    const { underWay } = this.stateOf(service);
    const call = { startedAtMs };
    underWay.add(call);
    return ({ error, attempts = 1 }) => {
      underWay.delete(call);
      if (attempts > 1) this.deps.onRetries(service, attempts - 1);
      const failure = error === undefined ? undefined : this.failureOf(error, startedAtMs);
      if (error === undefined || (failure === undefined && isFromService(error))) this.answered(service);
      else if (failure !== undefined) this.failed(service, failure, startedAtMs);
    };
  }

  /** For how long each service has not answered, calls that still wait among them; 0 while it does. Unit: ms. */
  *unanswered(): Iterable<readonly [service: AwsService, ms: number]> {
    const nowMs = this.deps.clock.monotonicMs();
    for (const [service, { failingSinceMs, answeredAtMs, underWay }] of this.states) {
      const [oldest] = underWay;
      const isWaiting = oldest !== undefined && oldest.startedAtMs >= answeredAtMs;
      const waitingSinceMs = isWaiting ? oldest.startedAtMs : nowMs;
      yield [service, Math.round(nowMs - (failingSinceMs ?? waitingSinceMs))];
    }
  }

  troubles(): Trouble[] {
    return [...this.unanswered()]
      .filter(([, ms]) => ms >= TROUBLE_AFTER_MS)
      .map(([service, forMs]) => {
        const { failingSinceMs, lastError } = this.stateOf(service);
        // The first call may not have failed yet.
        const why = failingSinceMs === undefined ? '' : `: ${lastError}`;
        const subject = SUBJECTS[service];
        return {
          kind: 'aws-failing',
          subject,
          text: `${subject} has not answered for ${spoken(forMs)}${why}`,
          forMs,
        };
      });
  }

  /** The error's name when the call brought no answer; a refusal is one. */
  private failureOf(error: unknown, startedAtMs: number): string | undefined {
    const kind = classify(error);
    if (kind === 'retryable') return errorName(error);
    const isHung = this.deps.clock.monotonicMs() - startedAtMs >= HUNG_AFTER_MS;
    return kind === 'aborted' && isHung ? 'TimeoutError' : undefined;
  }

  private failed(service: AwsService, name: string, startedAtMs: number): void {
    const state = this.stateOf(service);
    const nowMs = this.deps.clock.monotonicMs();
    // Others were answered while it hung: it tells of itself only.
    state.failingSinceMs ??= startedAtMs >= state.answeredAtMs ? startedAtMs : nowMs;
    state.failures += 1;
    state.lastError = name;
    if (service === 'lease-table') this.deps.onLeaseFailure(name);
    const elapsedMs = nowMs - state.failingSinceMs;
    if (state.isTold || elapsedMs < TROUBLE_AFTER_MS) return;
    state.isTold = true;
    this.deps.log.warn(
      'aws.failing',
      `${SUBJECTS[service]} does not answer; it is asked until it does, and nothing is checkpointed that is not stored`,
      { reason: service, errorName: name, elapsedMs: Math.round(elapsedMs), count: state.failures },
    );
  }

  private answered(service: AwsService): void {
    const state = this.stateOf(service);
    state.answeredAtMs = this.deps.clock.monotonicMs();
    if (state.failingSinceMs === undefined) return;
    const elapsedMs = Math.round(this.deps.clock.monotonicMs() - state.failingSinceMs);
    if (state.isTold)
      this.deps.log.info('aws.answering', `${SUBJECTS[service]} answers again`, {
        reason: service,
        errorName: state.lastError,
        elapsedMs,
        count: state.failures,
      });
    Object.assign(state, { failingSinceMs: undefined, failures: 0, isTold: false });
  }

  private stateOf(service: AwsService): ServiceState {
    return this.states.get(service) as ServiceState;
  }
}
