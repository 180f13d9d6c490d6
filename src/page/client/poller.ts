/** Asks the worker again and again, and says when it does not answer. Answers that have not changed are not sent
 *  again (ETag). */
import { after, wallMs } from './browser-time.ts';

/** A worker that needs longer has other worries. Unit: ms. */
const ANSWER_WITHIN_MS = 8_000;

export interface Connection {
  readonly isOk: boolean;
  /** When it last answered; undefined before the first time. Unit: ms since 1970. */
  readonly answeredAtMs: number | undefined;
  /** Why it does not. */
  readonly problem: string;
}

interface Kept {
  readonly etag: string;
  readonly value: unknown;
}

const kept = new Map<string, Kept>();

/** @throws Error in words when there is no answer. */
export async function ask<T>(path: string): Promise<T> {
  const before = kept.get(path);
  const ended = new AbortController();
  const cancel = after(ANSWER_WITHIN_MS, () => ended.abort());
  try {
    const response = await fetch(path, {
      cache: 'no-store',
      signal: ended.signal,
      ...(before ? { headers: { 'if-none-match': before.etag } } : {}),
    });
    if (response.status === 304 && before) return before.value as T;
    if (!response.ok) throw new Error(`it answered with status ${response.status}`);
    const value: unknown = await response.json();
    const etag = response.headers.get('etag');
    if (etag && !path.includes('?')) kept.set(path, { etag, value });
    return value as T;
  } catch (error) {
    if (ended.signal.aborted) throw new Error(`it did not answer within ${ANSWER_WITHIN_MS / 1000} s`);
    throw error instanceof TypeError ? new Error('nothing listens there any more') : error;
  } finally {
    cancel();
  }
}

export class Poller {
  private readonly look: () => Promise<void>;
  private readonly onConnection: (connection: Connection) => void;
  private answeredAtMs: number | undefined;
  private cancel: () => void = () => undefined;
  private isLooking = false;
  /** 0: paused. Unit: ms. */
  private everyMs: number;

  constructor(everyMs: number, look: () => Promise<void>, onConnection: (connection: Connection) => void) {
    this.everyMs = everyMs;
    this.look = look;
    this.onConnection = onConnection;
    // A page that nobody sees asks for nothing.
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) void this.go();
    });
  }

  /** 0 pauses. */
  pace(everyMs: number): void {
    this.everyMs = everyMs;
    void this.go();
  }

  async go(): Promise<void> {
    this.cancel();
    if (this.isLooking || this.everyMs === 0 || document.hidden) return;
    this.isLooking = true;
    try {
      await this.look();
      this.answeredAtMs = wallMs();
      this.onConnection({ isOk: true, answeredAtMs: this.answeredAtMs, problem: '' });
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      this.onConnection({ isOk: false, answeredAtMs: this.answeredAtMs, problem });
    }
    this.isLooking = false;
    if (this.everyMs > 0) this.cancel = after(this.everyMs, () => void this.go());
  }
}
