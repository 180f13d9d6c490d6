/** Kinesis over real sockets: its JSON calls over HTTP/1.1 and SubscribeToShard over HTTP/2, each on a port of its
 *  own and without TLS, which the SDK's HTTP/2 handler does not ask for. The stream is a `FakeKinesis`; what a subscription does is the
 *  test's, frame by frame, and by default what Kinesis does. */
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import {
  createServer as createHttp2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type _Record,
  type ChildShard,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  ListShardsCommand,
  type StartingPosition,
} from '@aws-sdk/client-kinesis';
import { EventStreamCodec } from '@smithy/core/event-streams';
import { FakeConsumers } from './fake-consumers.ts';
import type { FakeKinesis } from './fake-kinesis.ts';

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString(),
  (text) => new Uint8Array(Buffer.from(text)),
);

const text = (value: string) => ({ type: 'string', value }) as const;

/** One message of `application/vnd.amazon.eventstream`, as the SDK itself frames it. */
const frame = (headers: Readonly<Record<string, string>>, body: object): Uint8Array =>
  codec.encode({
    headers: Object.fromEntries(
      Object.entries({ ...headers, ':content-type': 'application/x-amz-json-1.1' }).map(([name, value]) => [
        name,
        text(value),
      ]),
    ),
    body: new Uint8Array(Buffer.from(toWire(body))),
  });

/** The JSON protocol's forms: times in seconds, bytes in base64. */
const toWire = (body: object): string =>
  JSON.stringify(body, function (this: Record<string, unknown>, name, value: unknown) {
    const own = this[name];
    if (own instanceof Uint8Array) return Buffer.from(own).toString('base64');
    return own instanceof Date ? own.getTime() / 1000 : value;
  });

export interface ServedEvent {
  readonly Records?: readonly _Record[];
  readonly ContinuationSequenceNumber?: string | undefined;
  readonly MillisBehindLatest?: number | undefined;
  readonly ChildShards?: readonly ChildShard[] | undefined;
}

export interface SubscribeInput {
  readonly ConsumerARN: string;
  readonly ShardId: string;
  readonly StartingPosition: StartingPosition;
}

const SOCKETS = new WeakMap<object, Socket>();

/** The server's end of one subscription. */
export class ServedSubscription {
  readonly input: SubscribeInput;
  readonly atMs = performance.now();
  private readonly stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream, input: SubscribeInput) {
    this.stream = stream;
    this.input = input;
    stream.on('error', () => {});
    stream.respond({ ':status': 200, 'content-type': 'application/vnd.amazon.eventstream' });
  }

  get isOpen(): boolean {
    return !this.stream.closed && !this.stream.destroyed && !this.stream.writableEnded;
  }

  /** Kinesis's first message. */
  begin(): void {
    this.write(frame({ ':message-type': 'event', ':event-type': 'initial-response' }, {}));
  }

  /** False when the client does not keep up: wait for `drained`. */
  send(event: ServedEvent): boolean {
    return this.write(eventFrame(event));
  }

  sendException(name: string): void {
    this.write(frame({ ':message-type': 'exception', ':exception-type': name }, { message: name }));
  }

  /** Half an event, and then the end. */
  sendTruncated(event: ServedEvent): void {
    const bytes = eventFrame(event);
    this.write(bytes.subarray(0, bytes.length / 2));
    this.stream.end();
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.stream.off('drain', done).off('close', done);
        resolve();
      };
      this.stream.once('drain', done).once('close', done);
      if (!this.isOpen) done();
    });
  }

  end(): void {
    this.stream.end();
  }

  /** RST_STREAM. Code 2 is INTERNAL_ERROR, 7 REFUSED_STREAM. */
  reset(code = 2): void {
    this.stream.close(code);
  }

  goAway(): void {
    this.stream.session?.goaway(2);
    this.stream.session?.destroy();
  }

  cutSocket(): void {
    // Not the session's own: that one only passes harmless calls on.
    if (this.stream.session) SOCKETS.get(this.stream.session)?.destroy();
  }

  private write(bytes: Uint8Array): boolean {
    return this.isOpen && this.stream.write(bytes);
  }
}

const eventFrame = (event: ServedEvent): Uint8Array =>
  frame({ ':message-type': 'event', ':event-type': 'SubscribeToShardEvent' }, event);

/** What the server does with the `number`th subscription, from 0. */
export type Script = (subscription: ServedSubscription, number: number) => void | Promise<void>;

const RESUBSCRIBE_AFTER_MS = 5_000;
const LOOK_EVERY_MS = 5;

export class EventStreamServer {
  readonly kinesis: FakeKinesis;
  readonly consumers: FakeConsumers;
  readonly subscriptions: ServedSubscription[] = [];
  /** HTTP/2 connections open now. */
  readonly sessions = new Set<ServerHttp2Session>();
  sessionsEver = 0;
  /** Least time between two subscriptions of a consumer to a shard. Unit: ms. */
  resubscribeAfterMs = RESUBSCRIBE_AFTER_MS;
  /** How often a reader that is caught up hears of it. Unit: ms. */
  idleEventEveryMs = 50;
  /** Most records of one event. */
  recordsPerEvent = 100;
  script: Script = (subscription) => this.serve(subscription);
  private readonly sockets = new Set<Socket>();
  private latest: Socket | undefined;
  private readonly http2 = createHttp2Server();
  private readonly http = createHttpServer((request, response) => {
    void this.answer(request).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(body);
    });
  });

  constructor(kinesis: FakeKinesis) {
    this.kinesis = kinesis;
    this.consumers = new FakeConsumers();
    this.http2.on('session', (session) => this.keep(session));
    this.http2.on('stream', (stream, headers) => void this.subscribe(stream, headers));
    // Before the server's own listener, which makes the session.
    for (const server of [this.http2, this.http])
      server.prependListener('connection', (socket: Socket) => {
        this.latest = socket;
        this.sockets.add(socket);
        socket.on('close', () => this.sockets.delete(socket));
      });
  }

  static async start(kinesis: FakeKinesis): Promise<EventStreamServer> {
    const server = new EventStreamServer(kinesis);
    await Promise.all([listening(server.http2), listening(server.http)]);
    return server;
  }

  /** Of SubscribeToShard. */
  get endpoint(): string {
    return addressOf(this.http2);
  }

  /** Of all other calls. */
  get jsonEndpoint(): string {
    return addressOf(this.http);
  }

  get openCount(): number {
    return this.subscriptions.filter(({ isOpen }) => isOpen).length;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await Promise.all([this.http2, this.http].map((server) => new Promise((done) => server.close(done))));
  }

  /** What Kinesis does: records as they come, an event from time to time when none come, the end of the shard. */
  async serve(subscription: ServedSubscription, forMs = Number.POSITIVE_INFINITY): Promise<void> {
    const { StartingPosition: from, ShardId } = subscription.input;
    subscription.begin();
    let { ShardIterator } = await this.call<{ ShardIterator?: string }>(
      new GetShardIteratorCommand({
        StreamName: 'supersim-events',
        ShardId,
        ShardIteratorType: from.Type,
        StartingSequenceNumber: from.SequenceNumber,
        Timestamp: from.Timestamp && new Date(Number(from.Timestamp) * 1000),
      }),
    );
    let continuation = from.SequenceNumber ?? this.kinesis.firstSequenceNumber(ShardId);
    let sentAtMs = Number.NEGATIVE_INFINITY;
    while (subscription.isOpen && performance.now() - subscription.atMs < forMs) {
      const page: GetRecordsCommandOutput = await this.call(
        new GetRecordsCommand({ ShardIterator, Limit: this.recordsPerEvent }),
      );
      ShardIterator = page.NextShardIterator;
      const Records = page.Records ?? [];
      continuation = Records.at(-1)?.SequenceNumber ?? continuation;
      if (!ShardIterator) {
        subscription.send({ ...page, Records });
        break;
      }
      const isDue = performance.now() - sentAtMs >= this.idleEventEveryMs;
      if (Records.length === 0 && !isDue) {
        await sleep(LOOK_EVERY_MS);
        continue;
      }
      sentAtMs = performance.now();
      const { MillisBehindLatest } = page;
      if (!subscription.send({ Records, MillisBehindLatest, ContinuationSequenceNumber: continuation }))
        await subscription.drained();
    }
    subscription.end();
  }

  private keep(session: ServerHttp2Session): void {
    this.sessionsEver += 1;
    this.sessions.add(session);
    if (this.latest) SOCKETS.set(session, this.latest);
    session.on('error', () => {}).on('close', () => this.sessions.delete(session));
  }

  private async subscribe(stream: ServerHttp2Stream, headers: Record<string, unknown>): Promise<void> {
    stream.on('error', () => {});
    const input = JSON.parse(await bodyOf(stream)) as SubscribeInput;
    const refusal =
      String(headers['x-amz-target']).endsWith('.SubscribeToShard') && !stream.closed
        ? this.refusalOf(input)
        : 'UnknownOperationException';
    if (refusal) {
      stream.respond({ ':status': 400, 'content-type': 'application/x-amz-json-1.1' });
      stream.end(JSON.stringify({ __type: refusal, message: refusal }));
      return;
    }
    const subscription = new ServedSubscription(stream, input);
    await this.script(subscription, this.subscriptions.push(subscription) - 1);
  }

  private refusalOf({ ConsumerARN, ShardId }: SubscribeInput): string | undefined {
    if (!this.consumers.isActive(ConsumerARN)) return 'ResourceNotFoundException';
    const isHeld = this.subscriptions.some(
      ({ input, atMs }) => input.ShardId === ShardId && performance.now() - atMs < this.resubscribeAfterMs,
    );
    return isHeld ? 'ResourceInUseException' : undefined;
  }

  private async answer(request: IncomingMessage): Promise<{ status: number; body: string }> {
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    const input = JSON.parse(await bodyOf(request)) as Record<string, unknown>;
    try {
      return { status: 200, body: toWire(await this.perform(operation, input)) };
    } catch (error) {
      const { name } = error as Error;
      return { status: 400, body: JSON.stringify({ __type: name, message: name }) };
    }
  }

  private perform(operation: string, input: Record<string, unknown>): Promise<object> | object {
    const command =
      operation === 'GetShardIterator'
        ? new GetShardIteratorCommand(withDate(input) as never)
        : operation === 'GetRecords'
          ? new GetRecordsCommand(input as never)
          : operation === 'ListShards' && new ListShardsCommand(input as never);
    return command ? this.call(command) : this.consumers.perform(operation, input);
  }

  private call<T extends object>(command: { readonly input: object }): Promise<T> {
    return this.kinesis.send(command) as Promise<T>;
  }
}

const listening = (server: NetServer): Promise<void> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const addressOf = (server: NetServer): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const withDate = (input: Record<string, unknown>): object =>
  'Timestamp' in input ? { ...input, Timestamp: new Date(Number(input['Timestamp']) * 1000) } : input;

/** By events: iterating would destroy an HTTP/2 stream before it is answered. */
const bodyOf = (stream: Readable): Promise<string> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.once('end', () => resolve(Buffer.concat(chunks).toString() || '{}'));
  });
