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

export type Json = Readonly<Record<string, unknown>>;

/** Of one connection, never of a message. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'content-length'];

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const jsonOf = (body: Buffer | undefined): Json => {
  try {
    return JSON.parse(body?.toString('utf8') ?? '') as Json;
  } catch {
    return {};
  }
};

/** One call. Its times are of this process's monotonic clock, so logs of several proxies can be laid together. */
export class RecordedCall {
  /** Whose: the proxy's name. */
  readonly caller: string;
  /** The last part of `x-amz-target`, as GetRecords. The SDK speaks JSON 1.0 and 1.1, not CBOR (3.1142, measured). */
  readonly operation: string;
  readonly startedAtMs = systemClock.monotonicMs();
  /** When the answer was written to the caller, or the call was cut. */
  endedAtMs = Number.POSITIVE_INFINITY;
  /** 0 while there is no answer. */
  status = 0;
  /** The whole answer went to the caller's socket. */
  isAnswered = false;
  private requestBody: Buffer | undefined;
  private responseBody: Buffer | undefined;
  private parsed: { request?: Json; response?: Json } = {};

  constructor(caller: string, target: string) {
    this.caller = caller;
    this.operation = target.slice(target.lastIndexOf('.') + 1);
  }

  asked(body: Buffer): void {
    this.requestBody = body;
  }

  answered({ status, body }: Answer): void {
    this.status = status;
    this.responseBody = body;
  }

  /** Empty when it was no JSON. */
  get request(): Json {
    this.parsed.request ??= jsonOf(this.requestBody);
    return this.parsed.request;
  }

  /** Empty when there was none, or no JSON. */
  get response(): Json {
    if (!this.responseBody) return {};
    this.parsed.response ??= jsonOf(this.responseBody);
    return this.parsed.response;
  }

  /** Unit: bytes. */
  get responseBytes(): number {
    return this.responseBody?.length ?? 0;
  }
}

interface Gate {
  readonly isFor: (call: RecordedCall) => boolean;
  readonly opened: Promise<void>;
  readonly open: () => void;
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
    // Node closes idle connections after 5 s, which a client would meet as a reset.
    proxy.server.keepAliveTimeout = 0;
    await new Promise<void>((resolve) => proxy.server.listen(0, LOCAL_HOST, resolve));
    proxy.endpoint = `http://${LOCAL_HOST}:${(proxy.server.address() as AddressInfo).port}`;
    return proxy;
  }

  private constructor(name: string, upstream: string) {
    this.name = name;
    this.upstream = new URL(upstream);
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

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = new RecordedCall(this.name, String(request.headers['x-amz-target'] ?? request.url));
    this.calls.push(call);
    response.once('close', () => {
      call.endedAtMs = systemClock.monotonicMs();
      call.isAnswered = response.writableFinished;
    });
    try {
      const body = await bytesOf(request);
      call.asked(body);
      const answer = await this.forward(request, body, response);
      call.answered(answer);
      if (this.gate?.isFor(call)) await this.gate.opened;
      response.writeHead(answer.status, {
        ...endToEnd(answer.headers),
        'content-length': answer.body.length,
      });
      response.end(answer.body);
    } catch {
      // Either side hung up: the other one must see that, and no answer of ours.
      response.destroy();
    }
  }

  private async forward(request: IncomingMessage, body: Buffer, caller: ServerResponse): Promise<Answer> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const forwarded = openRequest(
        {
          agent: this.agent,
          host: this.upstream.hostname,
          port: this.upstream.port,
          method: request.method,
          path: request.url,
          headers: { ...endToEnd(request.headers), 'content-length': body.length },
        },
        resolve,
      );
      forwarded.once('error', reject);
      caller.once('close', () => {
        if (!caller.writableFinished) forwarded.destroy();
      });
      forwarded.end(body);
    });
    return { status: answer.statusCode ?? 502, headers: answer.headers, body: await bytesOf(answer) };
  }
}

const endToEnd = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
