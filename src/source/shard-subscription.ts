/** One SubscribeToShard call: an HTTP/2 stream of its own over which Kinesis pushes events. */
import {
  type KinesisClient,
  SubscribeToShardCommand,
  type SubscribeToShardCommandInput,
  type SubscribeToShardEvent,
  type SubscribeToShardEventStream,
} from '@aws-sdk/client-kinesis';
import { classify, errorName, isFromService } from '../errors.ts';
import type { Clock } from '../time.ts';
import { withDeadline } from './with-deadline.ts';

/** What we use of the SDK's client; it must speak HTTP/2. */
export type SubscriptionSender = Pick<KinesisClient, 'send'>;

export interface SubscriptionDeps {
  readonly kinesisStreaming: SubscriptionSender;
  readonly clock: Clock;
}

const named = (name: string, cause: unknown): Error =>
  Object.assign(new Error(name, { cause }), { name, $retryable: {} });

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

const ignore = (): void => {};

/** The service's own errors stay as they are. All others come from the connection: resets, truncated frames, bad
 *  checksums, streams closed early. The SDK throws them as plain errors; they may come right. They are named by
 *  their code, which is all that a log may tell of them. */
function explained(error: unknown, isOpening: boolean): unknown {
  const [ownName, code] = [errorName(error), codeOf(error)];
  if (isFromService(error)) return error;
  // Exceptions that the SDK does not know have a name and no more.
  if (ownName !== 'Error' && ownName !== code)
    return classify(error) === 'fatal' ? named(ownName, error) : error;
  // An endpoint without HTTP/2, such as an engine or some proxies.
  if (isOpening && code === 'ERR_HTTP2_ERROR') return named('Http2Refused', error);
  // A stream that its connection took along names the connection's error as its cause.
  const name = codeOf((error as Error).cause) ?? code;
  return named(typeof name === 'string' ? name : 'SubscriptionBroken', error);
}

export class ShardSubscription {
  /** Events taken so far. */
  eventCount = 0;
  private readonly clock: Clock;
  private readonly events: AsyncIterator<SubscribeToShardEventStream>;
  private readonly connection: AbortController;
  private readonly release: () => void;

  private constructor(
    clock: Clock,
    events: AsyncIterator<SubscribeToShardEventStream>,
    connection: AbortController,
    release: () => void,
  ) {
    this.clock = clock;
    this.events = events;
    this.connection = connection;
    this.release = release;
  }

  /** Subscribes. The SDK answers with the stream's first message, so silence shows here too.
   *  `signal` is the subscription's life: when it aborts, the connection is closed, also between two events.
   *  Unit of `silenceMs`: ms.
   *  @throws what the service answers; `TimeoutError`, `SubscriptionBroken`, `Http2Refused`; `AbortError` */
  static async open(
    { kinesisStreaming, clock }: SubscriptionDeps,
    input: SubscribeToShardCommandInput,
    silenceMs: number,
    signal: AbortSignal,
  ): Promise<ShardSubscription> {
    // Not the deadline's own signal, which is over with the call: this one also ends the stream after it.
    const connection = new AbortController();
    const end = (): void => connection.abort();
    const release = (): void => signal.removeEventListener('abort', end);
    signal.addEventListener('abort', end, { once: true });
    try {
      const answer = await withDeadline(clock, silenceMs, signal, () =>
        kinesisStreaming.send(new SubscribeToShardCommand(input), { abortSignal: connection.signal }),
      );
      if (!answer.EventStream) throw named('SubscriptionBroken', undefined);
      return new ShardSubscription(clock, answer.EventStream[Symbol.asyncIterator](), connection, release);
    } catch (error) {
      release();
      end();
      throw explained(error, true);
    }
  }

  /** Its life's signal aborted, or it was closed. */
  get isClosed(): boolean {
    return this.connection.signal.aborted;
  }

  /** The next event; 'ended' when the service ended the stream, as it does after 5 minutes.
   *  Nothing is taken from the connection between calls, so a slow consumer holds the service back by HTTP/2's
   *  flow control: what waits in our memory is one window and one event.
   *  @throws as `open`, and exceptions that the stream itself carries. After any of them: `close`. */
  async next(silenceMs: number, signal: AbortSignal): Promise<SubscribeToShardEvent | 'ended'> {
    for (;;) {
      const result = await withDeadline(this.clock, silenceMs, signal, () => this.events.next()).catch(
        (error: unknown) => {
          throw explained(error, false);
        },
      );
      if (result.done) return 'ended';
      const { SubscribeToShardEvent: event, ...other } = result.value;
      if (event) {
        this.eventCount += 1;
        return event;
      }
      for (const member of Object.values(other)) if (isFromService(member)) throw member;
      // A kind of event that this SDK does not know: passed over.
    }
  }

  /** Closes the connection at once. Aborting is what does it: the SDK's iterator hands a `return` on to nobody,
   *  and does not settle it while it waits for an event. */
  close(): void {
    this.release();
    this.connection.abort();
    void this.events.return?.()?.catch(ignore);
  }
}
