/** What the lease library needs from its surroundings. Declared here, so that `leases/` imports nothing of the
 *  product and can be lifted out; the product's clock, log and error classes fit by their shape. */
import type { ShardDescription, StreamIdentity } from './lease.ts';

/** One stream and all its shards within retention, closed ones included. */
export interface StreamListing extends StreamIdentity {
  readonly shards: readonly ShardDescription[];
}

export interface Clock {
  /** Ms since 1970. Only for what LATEST meant when a lease began, which Kinesis must understand. */
  wallMs(): number;
  /** Monotonic ms since an arbitrary start. All expiry is decided on it; a wall clock may step. */
  monotonicMs(): number;
  /** Resolves after `ms`, or as soon as `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}

export type ErrorKind = 'retryable' | 'expired-iterator' | 'aborted' | 'fatal';
/** Decides what an error means. Unknown errors must be fatal. */
export type Classify = (error: unknown) => ErrorKind;

export interface LeaseLogFields {
  workerId?: string;
  shardId?: string;
  leaseOwner?: string | undefined;
  leaseCounter?: number;
  checkpoint?: string;
  childShardIds?: readonly string[];
  reason?: string;
  errorName?: string;
  attempt?: number;
  delayMs?: number;
  count?: number;
}

export interface LeaseLog {
  debug(event: string, message: string, fields?: LeaseLogFields): void;
  info(event: string, message: string, fields?: LeaseLogFields): void;
  warn(event: string, message: string, fields?: LeaseLogFields): void;
  error(event: string, message: string, fields?: LeaseLogFields): void;
}

/** The class, or the code of an error whose class says nothing, such as that of a refused connection. */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { name, code } = error as NodeJS.ErrnoException;
  return (name === 'Error' || name === 'AggregateError') && typeof code === 'string' ? code : name;
}
