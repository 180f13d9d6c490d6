/** Both services behind one port: HTTP/1.1, AWS JSON, told apart by `x-amz-target`. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Latency } from './latency.ts';
import type { StubDynamoDb } from './stub-dynamodb.ts';
import type { StubKinesis } from './stub-kinesis.ts';
import { errorBody, isAnswer } from './wire-answers.ts';

export interface StubParts {
  readonly dynamodb: StubDynamoDb;
  readonly kinesis?: Pick<StubKinesis, 'perform'>;
  readonly latency: Latency;
  /** Requests to `/stub/…` by the rest of their path. */
  readonly control?: (path: string) => unknown;
}

const HEADERS = { 'content-type': 'application/x-amz-json-1.0' };

function bodyOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(chunks.length === 1 ? String(chunks[0]) : String(Buffer.concat(chunks))));
    request.on('error', reject);
  });
}

export class StubServer {
  private readonly parts: StubParts;
  private readonly server: Server;

  constructor(parts: StubParts) {
    this.parts = parts;
    this.server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      this.answer(request, response).catch((error: Error) => {
        process.stderr.write(`stub: ${error.stack ?? error.message}\n`);
        response.writeHead(500, HEADERS).end('{"__type":"InternalServerError"}');
      });
    });
  }

  /** Resolves to the endpoint. */
  open(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(0, '127.0.0.1', () =>
        resolve(`http://127.0.0.1:${(this.server.address() as AddressInfo).port}`),
      );
    });
  }

  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => {
      this.server.close(() => resolve());
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const path = request.url ?? '';
    if (path.startsWith('/stub/')) {
      response.writeHead(200, HEADERS).end(JSON.stringify(this.parts.control?.(path.slice(6)) ?? {}));
      return;
    }
    const { status, text } = this.perform(String(request.headers['x-amz-target']), body);
    const length = Buffer.byteLength(text);
    this.parts.latency.after(() =>
      response.writeHead(status, { ...HEADERS, 'content-length': length }).end(text),
    );
  }

  private perform(target: string, body: string): { readonly status: number; readonly text: string } {
    const [service = '', operation = ''] = target.split('.');
    const of = service.startsWith('Kinesis') ? this.parts.kinesis : this.parts.dynamodb;
    if (!of) throw new Error(`nothing answers ${target}`);
    try {
      return { status: 200, text: of.perform(operation, JSON.parse(body)) };
    } catch (error) {
      if (!isAnswer(error)) throw error;
      return { status: 400, text: errorBody(error) };
    }
  }
}
