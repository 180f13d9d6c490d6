/** How far our clock is from AWS's, by the Date header of its answers. */
import type { Clock } from '../time.ts';
import { fromIso } from '../time.ts';
import { type Check, ok, skipped, trouble } from './check.ts';

/** What we use of an SDK client, whatever service it is of. */
interface Listened {
  readonly middlewareStack: {
    add(
      middleware: (next: Next) => Next,
      options: { step: 'deserialize'; priority: 'low'; name: string },
    ): void;
  };
}
// biome-ignore lint/suspicious/noExplicitAny: the SDK's own types differ by client; only the answer's header is read.
type Next = (args: any) => Promise<any>;

/** Where LATEST becomes a time, five seconds are allowed for (`source/start-position.ts`). Unit: ms. */
const WARN_OVER_MS = 5_000;
/** AWS refuses signatures that are older; the SDK then corrects itself, which costs a call each. Unit: ms. */
const FAIL_OVER_MS = 300_000;
/** A Date header has no fractions: on average half a second has passed since. Unit: ms. */
const HALF_SECOND_MS = 500;

export class ServerClock {
  private readonly clock: Clock;
  /** Of the answer that took least. */
  private best: { readonly tookMs: number; readonly aheadMs: number } | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  listenTo(client: Listened): void {
    // Innermost: it sees the answer before anything is made of it, also when it is an error.
    client.middlewareStack.add(
      (next) => async (args) => {
        const [startedAtMs, startedMs] = [this.clock.wallMs(), this.clock.monotonicMs()];
        const answer = await next(args);
        this.hear(answer?.response?.headers?.date, startedAtMs, this.clock.monotonicMs() - startedMs);
        return answer;
      },
      { step: 'deserialize', priority: 'low', name: 'hearServerClock' },
    );
  }

  private hear(date: unknown, startedAtMs: number, tookMs: number): void {
    const serverMs = typeof date === 'string' ? fromIso(date) : Number.NaN;
    if (Number.isNaN(serverMs) || (this.best && this.best.tookMs <= tookMs)) return;
    this.best = { tookMs, aheadMs: startedAtMs + tookMs / 2 - serverMs - HALF_SECOND_MS };
  }

  check(): Check {
    if (!this.best) return skipped('clock', 'no answer told its time');
    const { aheadMs } = this.best;
    const off = Math.abs(aheadMs);
    if (off <= WARN_OVER_MS) return ok('clock', 'within 5 s of AWS’s');
    const found = `our clock is ${(off / 1_000).toFixed(0)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} AWS’s`;
    const fix =
      'run a time service (chrony, systemd-timesyncd) on this machine; lags and start times are wrong by as much';
    return trouble(off > FAIL_OVER_MS ? 'fail' : 'warn', 'clock', { found, fix });
  }
}
