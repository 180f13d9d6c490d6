/** A recording proxy that lets things go wrong, by a plan. What it passes on reaches the engine even when the caller
 *  has hung up or was killed, as on a real network, and every answer of the engine is reported: so nobody who listens
 *  misses an effect. Keeps no call, so that a long run needs no more memory than a short one. */
import { setMaxListeners } from 'node:events';
import { systemClock } from '../../src/time.ts';
import { internalError, type Service, throttled } from './fault-answers.ts';
import type { Fault, FaultKind, FaultPlan } from './fault-plan.ts';
import type { Answer, RecordedCall } from './recorded-call.ts';
import { type Exchange, RecordingProxy } from './recording-proxy.ts';

/** Operations that change something. */
const WRITES = new Set([
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'BatchWriteItem',
  'TransactWriteItems',
  'BatchExecuteStatement',
]);

/** What one or several proxies have done. */
export class FaultCounts {
  readonly byKind = new Map<FaultKind | 'outage', number>();
  /** By operation. */
  readonly byOperation = new Map<string, number>();
  calls = 0;
  /** Writes that the engine has done and of which the caller got no sound answer. */
  appliedUnanswered = 0;

  add(kind: FaultKind | 'outage', operation: string): void {
    this.byKind.set(kind, (this.byKind.get(kind) ?? 0) + 1);
    this.byOperation.set(operation, (this.byOperation.get(operation) ?? 0) + 1);
  }

  /** Of all kinds but outages, whose calls are repeated as fast as the caller likes. */
  get faults(): number {
    return [...this.byKind].reduce((sum, [kind, count]) => sum + (kind === 'outage' ? 0 : count), 0);
  }
}

export interface FaultProxyOptions {
  /** Whose calls these are. */
  readonly name: string;
  readonly service: Service;
  readonly upstream: string;
  readonly plan: Pick<FaultPlan, 'next'>;
  readonly counts: FaultCounts;
  /** Everything is refused while it says so. */
  readonly isDown?: () => boolean;
  /** Nothing goes wrong while it says so. */
  readonly isCalm?: () => boolean;
  /** Told of each call that the engine has answered, in that order, whatever becomes of the answer. */
  readonly onApplied?: (call: RecordedCall) => void;
}

export class FaultProxy extends RecordingProxy {
  private readonly options: FaultProxyOptions;
  private readonly underWay = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  /** Writes done whose answer is not yet with the caller. */
  private readonly unanswered = new Set<RecordedCall>();

  static async open(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    await proxy.listen();
    return proxy;
  }

  protected constructor(options: FaultProxyOptions) {
    super(options.name, options.upstream);
    this.options = options;
    // Each held call listens.
    setMaxListeners(0, this.stopping.signal);
  }

  /** Resolves when no call is on its way to the engine, held ones included. */
  async settled(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  /** Held calls go to the engine at once. */
  override async stop(): Promise<void> {
    this.stopping.abort();
    await this.settled();
    await super.stop();
  }

  protected override keep(): void {
    this.options.counts.calls += 1;
  }

  protected override ended(call: RecordedCall): void {
    if (this.unanswered.delete(call) && !call.isAnswered) this.options.counts.appliedUnanswered += 1;
  }

  protected override handle(exchange: Exchange): Promise<void> {
    const handling = this.meet(exchange).finally(() => this.underWay.delete(handling));
    handling.catch(() => undefined);
    this.underWay.add(handling);
    return handling;
  }

  private async meet(exchange: Exchange): Promise<void> {
    const { plan, counts, isDown, isCalm } = this.options;
    const { operation } = exchange.call;
    if (isDown?.()) {
      counts.add('outage', operation);
      return exchange.cut();
    }
    const fault = isCalm?.() ? undefined : plan.next(operation);
    if (!fault) return exchange.reply(await this.apply(exchange));
    counts.add(fault.kind, operation);
    return this.befall(exchange, fault);
  }

  private async befall(exchange: Exchange, fault: Fault): Promise<void> {
    const { service } = this.options;
    const { operation } = exchange.call;
    switch (fault.kind) {
      case 'drop-request':
        return exchange.cut();
      case 'error-500':
        return exchange.reply(internalError(service));
      case 'throttle':
        return exchange.reply(throttled(service, operation, exchange.call.request, fault.isOtherForm));
      case 'cut-answer':
        await this.apply(exchange);
        return exchange.cut();
      case 'delay': {
        const answer = await this.apply(exchange);
        await systemClock.sleep(fault.ms, this.stopping.signal);
        return exchange.reply(answer);
      }
      case 'truncate-answer':
        return this.truncate(exchange, await this.apply(exchange), fault);
      case 'hold-and-apply':
        await systemClock.sleep(fault.ms, this.stopping.signal);
        return exchange.reply(await this.apply(exchange));
    }
  }

  /** Either the connection ends early, or a shorter body is announced: then only its JSON is broken. */
  private truncate(
    exchange: Exchange,
    { status, headers, body }: Answer,
    { share, isOtherForm }: Fault,
  ): void {
    // Never nothing: an answer of no bytes is no broken one, but an empty one.
    const bytes = Math.max(1, Math.floor(body.length * share));
    if (isOtherForm) exchange.replyPart({ status, headers, body }, bytes);
    else {
      if (this.unanswered.delete(exchange.call)) this.options.counts.appliedUnanswered += 1;
      exchange.reply({ status, headers, body: body.subarray(0, bytes) });
    }
  }

  private async apply(exchange: Exchange): Promise<Answer> {
    const answer = await exchange.forward({ isDetached: true });
    const { call } = exchange;
    if (answer.status === 200 && WRITES.has(call.operation)) this.tellApart(call);
    this.options.onApplied?.(call);
    return answer;
  }

  private tellApart(call: RecordedCall): void {
    // Its caller is gone already.
    if (call.endedAtMs !== Number.POSITIVE_INFINITY) this.options.counts.appliedUnanswered += 1;
    else this.unanswered.add(call);
  }
}
