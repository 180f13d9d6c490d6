/** One call that went through a proxy, and its answer. */
import type { IncomingHttpHeaders } from 'node:http';
import { systemClock } from '../../src/time.ts';

export type Json = Readonly<Record<string, unknown>>;

export interface Answer {
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
  /** When the call was passed on to the engine. */
  sentAtMs = Number.POSITIVE_INFINITY;
  /** When the engine's answer was here: what it did, it did between this and `sentAtMs`. */
  appliedByMs = Number.POSITIVE_INFINITY;
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
    this.appliedByMs = systemClock.monotonicMs();
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

/** A value of a DynamoDB request or answer: `{ "S": "x" }` is "x". */
export const attributeOf = (attributes: unknown, name: string): unknown =>
  Object.values(((attributes as Json | undefined)?.[name] ?? {}) as Json)[0];
