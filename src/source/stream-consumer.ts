/** The registered consumer that enhanced fan-out reads as: one per name and stream, shared by all workers.
 *
 *    unknown ──DescribeStreamConsumer──► ACTIVE: its ARN is kept until a reader finds it gone
 *       ▲                │
 *       │                ├── none: RegisterStreamConsumer ──┐
 *       └── back-off ◄───┴── CREATING, DELETING ◄───────────┘
 *
 *  Described first: a worker that starts again, or whose consumer others registered, needs no right to register. */
import {
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  RegisterStreamConsumerCommand,
} from '@aws-sdk/client-kinesis';
import { classify, errorName, MeterError } from '../errors.ts';
import { explain } from '../explain-error.ts';
import type { Log } from '../ops/log.ts';
import { type RetryDeps, throwIfAborted, untilDone } from '../retry.ts';
import { backoffMs } from '../time.ts';
import { CALL_DEADLINE_MS, type KinesisSender } from './kinesis-reader.ts';
import { withDeadline } from './with-deadline.ts';

/** LimitExceeded means "five registrations a second" as well as "as many consumers as the stream may have": what
 *  stays after so many tries is the latter. */
const LIMIT_REFUSALS_MAX = 5;
/** Registering takes some seconds. Unit: ms. */
const ACTIVE_POLL_BASE_MS = 500;
const ACTIVE_POLL_CAP_MS = 5_000;

export interface StreamConsumerDeps extends RetryDeps {
  readonly kinesis: KinesisSender;
  readonly log: Log;
}

export interface StreamConsumerOptions {
  readonly stream: string;
  /** From 1 to 128 of letters, digits, `_`, `.` and `-`. */
  readonly consumerName: string;
}

interface Description {
  readonly consumerArn: string;
  readonly status: string;
}

export class StreamConsumer {
  private readonly deps: StreamConsumerDeps;
  private readonly options: StreamConsumerOptions;
  private active: string | undefined;
  private activating: Promise<string> | undefined;

  constructor(deps: StreamConsumerDeps, options: StreamConsumerOptions) {
    this.deps = deps;
    this.options = options;
  }

  /** The consumer's ARN, once it is ACTIVE; registers it if there is none of the name. Callers share one attempt.
   *  @throws MeterError `access-denied`, `stream-missing`, `consumer-limit`; `AbortError` */
  async arn(signal: AbortSignal): Promise<string> {
    for (;;) {
      if (this.active !== undefined) return this.active;
      throwIfAborted(signal);
      this.activating ??= this.activate(signal).finally(() => {
        this.activating = undefined;
      });
      try {
        this.active = await this.activating;
      } catch (error) {
        // Whoever began the attempt was stopped; we were not.
        if (classify(error) !== 'aborted' || signal.aborted) throw error;
      }
    }
  }

  /** A reader was told that there is no such consumer: the next `arn` looks again. */
  forget(arn: string): void {
    if (this.active === arn) this.active = undefined;
  }

  private async activate(signal: AbortSignal): Promise<string> {
    const { clock, log, random } = this.deps;
    const { stream } = this.options;
    try {
      const streamArn = await this.streamArn(signal);
      for (let attempt = 0; ; attempt += 1) {
        const found = await this.describe(streamArn, signal);
        if (found?.status === 'ACTIVE') return found.consumerArn;
        if (!found) await this.register(streamArn, signal);
        else if (attempt === 0)
          log.info('consumer.waiting', 'the fan-out consumer is not active yet', {
            stream,
            state: found.status,
          });
        await clock.sleep(backoffMs(attempt, random, ACTIVE_POLL_BASE_MS, ACTIVE_POLL_CAP_MS), signal);
        throwIfAborted(signal);
      }
    } catch (error) {
      if (classify(error) === 'aborted') throw error;
      throw explain(error, `registering the fan-out consumer of stream "${stream}"`, 'stream-missing');
    }
  }

  private async streamArn(signal: AbortSignal): Promise<string> {
    const command = new DescribeStreamSummaryCommand({ StreamName: this.options.stream });
    const answer = await this.call(signal, (abortSignal) => this.deps.kinesis.send(command, { abortSignal }));
    return answer.StreamDescriptionSummary?.StreamARN ?? '';
  }

  private async describe(streamArn: string, signal: AbortSignal): Promise<Description | undefined> {
    const command = new DescribeStreamConsumerCommand({
      StreamARN: streamArn,
      ConsumerName: this.options.consumerName,
    });
    try {
      const { ConsumerDescription: found } = await this.call(signal, (abortSignal) =>
        this.deps.kinesis.send(command, { abortSignal }),
      );
      return { consumerArn: found?.ConsumerARN ?? '', status: found?.ConsumerStatus ?? '' };
    } catch (error) {
      if (errorName(error) === 'ResourceNotFoundException') return undefined;
      throw error;
    }
  }

  private async register(streamArn: string, signal: AbortSignal): Promise<void> {
    const { kinesis, log } = this.deps;
    const { stream, consumerName } = this.options;
    const command = new RegisterStreamConsumerCommand({ StreamARN: streamArn, ConsumerName: consumerName });
    let refusals = 0;
    await this.call(signal, async (abortSignal) => {
      try {
        await kinesis.send(command, { abortSignal });
        log.info('consumer.registered', 'registered the fan-out consumer', { stream });
      } catch (error) {
        // Another worker was first, or our own call worked and its answer was lost.
        if (errorName(error) === 'ResourceInUseException') return;
        if (errorName(error) !== 'LimitExceededException') throw error;
        refusals += 1;
        throw refusals < LIMIT_REFUSALS_MAX ? error : this.tooMany(error);
      }
    });
  }

  private tooMany(cause: unknown): MeterError {
    const { stream, consumerName } = this.options;
    return new MeterError(
      'consumer-limit',
      `Stream "${stream}" has as many fan-out consumers as it may have (20, or 50 on-demand advantage), so ` +
        `"${consumerName}" cannot be registered. Deregister one, or read by polling: leave the consumer's name empty.`,
      { cause },
    );
  }

  private call<T>(signal: AbortSignal, send: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock } = this.deps;
    return untilDone(() => withDeadline(clock, CALL_DEADLINE_MS, signal, send), signal, this.deps);
  }
}
