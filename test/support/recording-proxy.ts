/** Stands between a worker and an engine, and writes down every call. One per worker and engine, so that the log
 *  says who called. Transparent: bytes go through as they are, connections stay open, a caller's hang-up goes on. */
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as openRequest,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { LOCAL_HOST } from '../../src/local/engine-process.ts';
import { systemClock } from '../../src/time.ts';
import { type Answer, RecordedCall } from './recorded-call.ts';

/** Of one connection, never of a message. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'content-length'];

interface Gate {
  readonly isFor: (call: RecordedCall) => boolean;
  readonly opened: Promise<void>;
  readonly open: () => void;
}

/** One call on its way: what a proxy may do with it. */
export class Exchange {
  readonly call: RecordedCall;
  readonly body: Buffer;
  private readonly request: IncomingMessage;
  private readonly response: ServerResponse;
  private readonly upstream: { readonly agent: Agent; readonly host: string; readonly port: string };

  constructor(
    call: RecordedCall,
    body: Buffer,
    messages: { readonly request: IncomingMessage; readonly response: ServerResponse },
    upstream: { readonly agent: Agent; readonly host: string; readonly port: string },
  ) {
    this.call = call;
    this.body = body;
    this.request = messages.request;
    this.response = messages.response;
    this.upstream = upstream;
  }

  /** Asks the engine. `isDetached`: also when the caller has hung up, or does. */
  async forward({ isDetached = false } = {}): Promise<Answer> {
    this.call.sentAtMs = systemClock.monotonicMs();
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const forwarded = openRequest(
        {
          ...this.upstream,
          method: this.request.method,
          path: this.request.url,
          headers: { ...endToEnd(this.request.headers), 'content-length': this.body.length },
        },
        resolve,
      );
      forwarded.once('error', reject);
      this.response.once('close', () => {
        if (!isDetached && !this.response.writableFinished) forwarded.destroy();
      });
      forwarded.end(this.body);
    });
    const body = await bytesOf(answer);
    const whole = { status: answer.statusCode ?? 502, headers: answer.headers, body };
    this.call.answered(whole);
    return whole;
  }

  reply({ status, headers, body }: Answer): void {
    if (this.response.destroyed) return;
    this.response.writeHead(status, { ...endToEnd(headers), 'content-length': body.length });
    this.response.end(body);
  }

  /** Announces the whole answer, sends a part of it, and hangs up. */
  replyPart({ status, headers, body }: Answer, bytes: number): void {
    if (this.response.destroyed) return;
    this.response.writeHead(status, { ...endToEnd(headers), 'content-length': body.length });
    this.response.write(body.subarray(0, bytes), () => this.cut());
  }

  /** Hangs up without an answer. */
  cut(): void {
    this.response.destroy();
  }
}

export class RecordingProxy {
  readonly calls: RecordedCall[] = [];
  endpoint = '';
  private readonly name: string;
  private readonly upstream: URL;
  private readonly agent = new Agent({ keepAlive: true });
  private readonly server = createServer((request, response) => void this.pass(request, response));
  private gate: Gate | undefined;

  /** `name`: whose calls these are. */
  static async start(name: string, upstream: string): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(name, upstream);
    await proxy.listen();
    return proxy;
  }

  protected constructor(name: string, upstream: string) {
    this.name = name;
    this.upstream = new URL(upstream);
  }

  protected async listen(): Promise<void> {
    // Node closes idle connections after 5 s, which a client would meet as a reset.
    this.server.keepAliveTimeout = 0;
    await new Promise<void>((resolve) => this.server.listen(0, LOCAL_HOST, resolve));
    this.endpoint = `http://${LOCAL_HOST}:${(this.server.address() as AddressInfo).port}`;
  }

  /** From now on such calls reach the engine, but their answers stay here: a dependency that is stuck. */
  holdAnswers(isFor: Gate['isFor'] = () => true): void {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.gate = { isFor, opened, open };
  }

  /** Calls that the engine has answered and the caller still waits for. */
  openCalls(): readonly RecordedCall[] {
    return this.calls.filter(({ status, endedAtMs }) => status > 0 && endedAtMs === Number.POSITIVE_INFINITY);
  }

  letAnswersGo(): void {
    this.gate?.open();
    this.gate = undefined;
  }

  async stop(): Promise<void> {
    this.letAnswersGo();
    this.agent.destroy();
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  /** A call has come. */
  protected keep(call: RecordedCall): void {
    this.calls.push(call);
  }

  /** A call's socket is closed or its answer written. */
  protected ended(_call: RecordedCall): void {}

  /** What becomes of a call; a rejection hangs up. */
  protected async handle(exchange: Exchange): Promise<void> {
    const answer = await exchange.forward();
    if (this.gate?.isFor(exchange.call)) await this.gate.opened;
    exchange.reply(answer);
  }

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = new RecordedCall(this.name, String(request.headers['x-amz-target'] ?? request.url));
    this.keep(call);
    response.once('close', () => {
      call.endedAtMs = systemClock.monotonicMs();
      call.isAnswered = response.writableFinished;
      this.ended(call);
    });
    try {
      const body = await bytesOf(request);
      call.asked(body);
      const { agent } = this;
      const { hostname: host, port } = this.upstream;
      await this.handle(new Exchange(call, body, { request, response }, { agent, host, port }));
    } catch {
      // Either side hung up: the other one must see that, and no answer of ours.
      response.destroy();
    }
  }
}

const endToEnd = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
