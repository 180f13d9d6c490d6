/** SubscribeToShard as the SDK's client answers it, in memory: each subscription is a script of the test's. */
import {
  SubscribeToShardCommand,
  type SubscribeToShardCommandInput,
  type SubscribeToShardEvent,
} from '@aws-sdk/client-kinesis';
import type { SubscriptionSender } from '../../src/source/shard-subscription.ts';
import type { Clock } from '../../src/time.ts';
import { awsError } from './fake-kinesis.ts';

type Step = { readonly event: object } | { readonly error: Error } | 'end';

/** One subscription; what the test pushes waits until it is taken. */
export class FakeStream {
  readonly input: SubscribeToShardCommandInput;
  readonly atMs: number;
  isClosed = false;
  takenCount = 0;
  private readonly steps: Step[] = [];
  private wake: () => void = () => {};

  constructor(input: SubscribeToShardCommandInput, atMs: number, signal: AbortSignal | undefined) {
    this.input = input;
    this.atMs = atMs;
    signal?.addEventListener('abort', () => {
      this.isClosed = true;
      this.add('end');
    });
  }

  push(...events: Partial<SubscribeToShardEvent>[]): this {
    for (const event of events) this.add({ event: { SubscribeToShardEvent: event } });
    return this;
  }

  /** A member that is no event: one of the API's exceptions, or one that the SDK does not know. */
  pushMember(member: object): this {
    return this.add({ event: member });
  }

  fail(error: Error): this {
    return this.add({ error });
  }

  end(): this {
    return this.add('end');
  }

  private add(step: Step): this {
    this.steps.push(step);
    this.wake();
    return this;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<object> {
    for (;;) {
      const step = this.steps.shift();
      if (step === undefined) {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
        continue;
      }
      if (step === 'end') return;
      if ('error' in step) throw step.error;
      this.takenCount += 1;
      yield step.event;
    }
  }
}

export class FakeSubscriptions {
  readonly streams: FakeStream[] = [];
  /** Monotonic ms of every call, refused ones included. */
  readonly callsAtMs: number[] = [];
  onOpen: (stream: FakeStream, number: number) => void = () => {};
  private readonly clock: Clock;
  private readonly refusals: (Error | 'hang')[] = [];

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get client(): SubscriptionSender {
    return this as unknown as SubscriptionSender;
  }

  get openCount(): number {
    return this.streams.filter(({ isClosed }) => !isClosed).length;
  }

  refuseNext(...refusals: (Error | 'hang')[]): void {
    this.refusals.push(...refusals);
  }

  async send(command: unknown, { abortSignal }: { abortSignal?: AbortSignal } = {}): Promise<object> {
    await Promise.resolve();
    if (!(command instanceof SubscribeToShardCommand)) throw new Error('the fake knows no such command');
    if (abortSignal?.aborted) throw awsError('AbortError');
    this.callsAtMs.push(this.clock.monotonicMs());
    const refusal = this.refusals.shift();
    if (refusal === 'hang')
      return new Promise((_, reject) =>
        abortSignal?.addEventListener('abort', () => reject(awsError('AbortError')), { once: true }),
      );
    if (refusal) throw refusal;
    const stream = new FakeStream(command.input, this.clock.monotonicMs(), abortSignal);
    this.streams.push(stream);
    this.onOpen(stream, this.streams.length - 1);
    return { EventStream: stream };
  }
}
