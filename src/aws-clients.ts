/** The AWS clients. Several, because the SDK's retry budget is per client: a failing shard must not use up the
 *  retries that lease renewal needs. Credentials, region and endpoints come from the SDK's own environment. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient, type KinesisClientConfig } from '@aws-sdk/client-kinesis';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { NodeHttp2Handler, NodeHttpHandler } from '@smithy/node-http-handler';
import { readRecordsAnswers, writeStatements } from './sdk-shortcuts/take-shortcuts.ts';

/** How long one client waits and how often it tries. */
export interface ClientLimits {
  /** Unit: ms, for opening a connection. */
  readonly connectionTimeoutMs: number;
  /** Unit: ms, for one attempt; the same again for a body that stands still. */
  readonly requestTimeoutMs: number;
  /** Attempts of one call, the first included. Longer retrying is ours, with our own back-off. */
  readonly attemptsMax: number;
}

export type ClientName = 'kinesis' | 'leases' | 'data';

/** A renewal must end well before the lease does; GetRecords may bring 10 MB. */
export const CLIENT_LIMITS: Readonly<Record<ClientName, ClientLimits>> = {
  leases: { connectionTimeoutMs: 1_000, requestTimeoutMs: 2_000, attemptsMax: 2 },
  data: { connectionTimeoutMs: 1_000, requestTimeoutMs: 5_000, attemptsMax: 3 },
  kinesis: { connectionTimeoutMs: 1_000, requestTimeoutMs: 10_000, attemptsMax: 3 },
};

/** The SDK's own number. Callers keep fewer calls in flight per client. */
const SOCKETS_MAX = 50;

/** Told how a call ended: with an answer, or with an error. `attempts`: the SDK's, the first included. */
export type OnCallEnd = (result: { readonly error?: unknown; readonly attempts?: number }) => void;

export interface ClientOptions {
  /** Default: the SDK's own (AWS_REGION, profile). */
  readonly region?: string | undefined;
  /** Gets the SDK's warnings, which would otherwise be plain text on stderr. */
  readonly onWarning?: (text: string) => void;
  /** Called for each request to the lease table, retries included. */
  readonly onLeaseRequest?: (kind: 'read' | 'write') => void;
  /** Told of the begin of each call; what it returns is told of the end. */
  readonly onCall?: (client: ClientName) => OnCallEnd;
  /** Default `CLIENT_LIMITS`; tests make them shorter. */
  readonly limits?: Readonly<Record<ClientName, ClientLimits>>;
}

export interface AwsClients {
  readonly kinesis: KinesisClient;
  /** Only for SubscribeToShard, which needs HTTP/2. `close` does not end its subscriptions: their signals do. */
  readonly kinesisStreaming: KinesisClient;
  /** Numbers are `NumberValue`: a number of any size in a foreign row must not fail a whole listing. */
  readonly leases: DynamoDBDocumentClient;
  /** Numbers are `NumberValue`, their exact digits: an attribute we do not know is written back unchanged. */
  readonly data: DynamoDBDocumentClient;
  /** The client under `data`, for calls about tables. */
  readonly dynamodb: DynamoDBClient;
  /** Closes all sockets. */
  close(): void;
}

const ignore = (): void => {};

/** The SDK's logger hook: only warnings pass; errors reach us as rejections. Without `info`, for which the SDK would
 *  copy every input and output, to say it to nobody: 4 µs an event (measured with @aws-sdk/core 3.981). */
const sdkLogger = (onWarning: (text: string) => void): NonNullable<KinesisClientConfig['logger']> =>
  ({
    trace: ignore,
    debug: ignore,
    warn: (...content: unknown[]): void =>
      onWarning(content.filter((part) => typeof part === 'string').join(' ')),
    error: ignore,
  }) as unknown as NonNullable<KinesisClientConfig['logger']>;

function clientSettings(limits: ClientLimits, options: ClientOptions) {
  const agent = { keepAlive: true, maxSockets: SOCKETS_MAX };
  const logger = sdkLogger(options.onWarning ?? ignore);
  return {
    ...(options.region ? { region: options.region } : {}),
    maxAttempts: limits.attemptsMax,
    logger,
    // HTTP/1.1 also for Kinesis: its default opens one HTTP/2 session per call, and local engines speak only
    // HTTP/1.1. Without throwOnRequestTimeout the handler merely logs that it is late, and hangs on.
    requestHandler: new NodeHttpHandler({
      connectionTimeout: limits.connectionTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: limits.requestTimeoutMs,
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
      logger,
    }),
  };
}

/** A connection on which nothing moves for so long is given up: longer than a subscription lives. Shorter waits
 *  are its reader's matter, which knows when it is waiting. Unit: ms. */
const STREAMING_IDLE_MS = 330_000;

/** One attempt, because the reader has its own back-off and must keep 5 s between two attempts. The SDK gives
 *  every event stream a connection of its own, so a shard that is held back holds back no other.
 *  Without `requestTimeout`: it counts also while a slow consumer lets the stream wait. */
const streamingSettings = (options: ClientOptions) => ({
  ...(options.region ? { region: options.region } : {}),
  maxAttempts: 1,
  logger: sdkLogger(options.onWarning ?? ignore),
  requestHandler: new NodeHttp2Handler({ sessionTimeout: STREAMING_IDLE_MS }),
});

/** Makes the clients; opens no connection.
 *  Source: AWS Well-Architected REL05-BP05 (explicit timeouts); measured with the SDK 3.1143 to 3.1164. */
export function createClients(options: ClientOptions = {}): AwsClients {
  const limits = options.limits ?? CLIENT_LIMITS;
  const documents = {
    marshallOptions: { removeUndefinedValues: true },
    unmarshallOptions: { wrapNumbers: true },
  };
  const kinesis = new KinesisClient(clientSettings(limits.kinesis, options));
  const kinesisStreaming = new KinesisClient(streamingSettings(options));
  const leases = new DynamoDBClient(clientSettings(limits.leases, options));
  const data = new DynamoDBClient(clientSettings(limits.data, options));
  if (options.onLeaseRequest) countRequests(leases, options.onLeaseRequest);
  if (options.onCall) {
    tellCalls(kinesis, 'kinesis', options.onCall);
    tellCalls(kinesisStreaming, 'kinesis', options.onCall);
    tellCalls(leases, 'leases', options.onCall);
    tellCalls(data, 'data', options.onCall);
  }
  readRecordsAnswers(kinesis);
  writeStatements(data);
  return {
    kinesis,
    kinesisStreaming,
    leases: DynamoDBDocumentClient.from(leases, documents),
    dynamodb: data,
    data: DynamoDBDocumentClient.from(data, documents),
    close: () => {
      for (const client of [kinesis, kinesisStreaming, leases, data]) client.destroy();
    },
  };
}

const READS = new Set(['ScanCommand', 'GetItemCommand']);

/** In the step that runs once for each attempt. */
function countRequests(client: DynamoDBClient, count: (kind: 'read' | 'write') => void): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        count(READS.has(commandName ?? '') ? 'read' : 'write');
        return next(args);
      },
    { step: 'deserialize', name: 'countRequests' },
  );
}

interface Metadata {
  readonly $metadata?: { readonly attempts?: number };
}

/** Around all attempts of a call, and around finding credentials. */
function tellCalls(
  client: DynamoDBClient | KinesisClient,
  name: ClientName,
  began: NonNullable<ClientOptions['onCall']>,
): void {
  const stack = client.middlewareStack as DynamoDBClient['middlewareStack'];
  stack.add(
    (next) => async (args) => {
      const ended = began(name);
      try {
        const result = await next(args);
        const { attempts = 1 } = (result.output as Metadata).$metadata ?? {};
        ended({ attempts });
        return result;
      } catch (error) {
        ended({ error, attempts: (error as Metadata).$metadata?.attempts ?? 1 });
        throw error;
      }
    },
    { step: 'initialize', priority: 'high', name: 'tellCalls' },
  );
}

export interface EndpointOverride {
  readonly variable: string;
  /** Host and port only: a URL may carry a password. */
  readonly endpoint: string;
}

const ENDPOINT_VARIABLES = ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_KINESIS', 'AWS_ENDPOINT_URL_DYNAMODB'];

/** The variables that send our calls elsewhere than to AWS, so that the worker can say so once.
 *  Source: AWS SDKs reference guide, "Service-specific endpoints". */
export function endpointOverrides(env: Readonly<Record<string, string | undefined>>): EndpointOverride[] {
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true') return [];
  return ENDPOINT_VARIABLES.flatMap((variable) => {
    const url = env[variable];
    if (!url) return [];
    return [{ variable, endpoint: URL.canParse(url) ? new URL(url).host : 'not a URL' }];
  });
}
