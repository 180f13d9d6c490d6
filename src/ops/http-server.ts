/** The operator's door: probes, metrics, state and the live page. Read-only, without a body, without secrets, and
 *  without a login: bind it to 127.0.0.1 or a private address. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MeterError } from '../errors.ts';
import type { WorkerReport } from '../page/worker-report.ts';
import { negotiated } from './exposition-format.ts';
import { healthReport, isAllOk, loopChecks, type ReadyCheck } from './health.ts';
import type { Heartbeats } from './heartbeats.ts';
import { mayAnswer, type ServedPage } from './page-port.ts';
import type { Troubles } from './troubles.ts';

export interface HttpServerDeps {
  readonly heartbeats: Pick<Heartbeats, 'states'>;
  /** Not ready while starting, draining, or with a parked shard: see `readyChecks`. */
  readonly readiness: () => readonly ReadyCheck[];
  /** What is wrong right now: for `/healthz`. */
  readonly troubles: Troubles;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>;
  /** For `/state`: anything that JSON can hold; a bigint becomes text. */
  readonly state: () => unknown | Promise<unknown>;
  /** What the workers tell the page. */
  readonly report: () => readonly WorkerReport[] | Promise<readonly WorkerReport[]>;
}

export interface RunningHttpServer {
  /** Where it listens, with the real port. */
  readonly address: string;
  stop(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is behind the door. */
interface Served {
  readonly deps: HttpServerDeps;
  readonly page: ServedPage | undefined;
  /** Where it listens. */
  readonly address: string;
}

const PLAIN = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';
/** Probes send no body and small headers: who is slower holds a socket open on purpose. Unit: ms. */
const REQUEST_TIMEOUT_MS = 5_000;
const CONNECTIONS_MAX = 64;

const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, entry: unknown) => (typeof entry === 'bigint' ? String(entry) : entry));

/** Kubernetes' form: machines read the status, people `?verbose`. Failures are named without asking.
 *  Source: kubernetes.io, "API health endpoints". */
function probe(checks: readonly ReadyCheck[], isVerbose: boolean): Answer {
  const isOk = isAllOk(checks);
  const lines = checks
    .filter((check) => isVerbose || !check.isOk)
    .map((check) => (check.isOk ? `[+]${check.name} ok` : `[-]${check.name} failed: ${check.reason ?? ''}`));
  return { status: isOk ? 200 : 503, body: `${[...lines, isOk ? 'ok' : 'failed'].join('\n')}\n` };
}

function health({ heartbeats, readiness, troubles }: HttpServerDeps): Answer {
  const report = healthReport(loopChecks(heartbeats.states()), readiness(), troubles());
  return { status: report.live ? 200 : 503, body: toJson(report), contentType: JSON_TYPE };
}

async function answer({ deps, page, address }: Served, request: IncomingMessage): Promise<Answer> {
  const [path = '', search = ''] = (request.url ?? '').split('?');
  const query = new URLSearchParams(search);
  const isVerbose = query.has('verbose');
  const routes: Readonly<Record<string, () => Answer | Promise<Answer>>> = {
    '/livez': () => probe(loopChecks(deps.heartbeats.states()), isVerbose),
    '/readyz': () => probe(deps.readiness(), isVerbose),
    '/healthz': () => health(deps),
    '/metrics': async () => ({ status: 200, ...negotiated(await deps.metrics(), request.headers.accept) }),
    '/state': async () => ({ status: 200, body: toJson(await deps.state()), contentType: JSON_TYPE }),
  };
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (!route && !page?.has(path)) return { status: 404, body: 'not found\n' };
  if (request.method !== 'GET') return { status: 405, body: 'only GET\n' };
  if (route) return route();
  if (!mayAnswer(address, request.headers.host)) return { status: 421, body: 'ask for localhost\n' };
  const ifNoneMatch = request.headers['if-none-match'];
  return (await page?.answer({ path, query, ifNoneMatch })) ?? { status: 404, body: 'not found\n' };
}

async function handle(served: Served, request: IncomingMessage, response: ServerResponse) {
  request.resume();
  // What failed inside is not told outside.
  const { status, body, contentType, headers } = await answer(served, request).catch(
    (): Answer => ({ status: 500, body: 'internal error\n' }),
  );
  response.writeHead(status, {
    'content-type': contentType ?? PLAIN,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
    ...(status === 405 ? { allow: 'GET' } : {}),
  });
  response.end(body);
}

function listen(server: Server, address: string): Promise<AddressInfo> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon);
  const port = Number(address.slice(colon + 1));
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const isTaken = cause.code === 'EADDRINUSE';
      const advice = isTaken ? 'is in use; choose another with SUPERSIM_HTTP' : 'cannot be listened on';
      reject(
        new MeterError(isTaken ? 'port-in-use' : 'config-invalid', `The address ${address} ${advice}.`, {
          cause,
        }),
      );
    });
    server.listen(port, host, () => resolve(server.address() as AddressInfo));
  });
}

/** Listens on `address`, "HOST:PORT"; port 0 takes a free one.
 *  @throws MeterError `port-in-use`, `config-invalid`. */
export async function startHttpServer(
  address: string,
  deps: HttpServerDeps,
  page?: ServedPage,
): Promise<RunningHttpServer> {
  const served = { deps, page, address };
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => void handle(served, request, response),
  );
  server.maxConnections = CONNECTIONS_MAX;
  const { address: host, port } = await listen(server, address);
  return {
    address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
