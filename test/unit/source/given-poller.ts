import type { Log, LogFields } from '../../../src/ops/log.ts';
import type { RecordPage } from '../../../src/source/record.ts';
import { ShardPoller, type ShardPollerOptions } from '../../../src/source/shard-poller.ts';
import { FakeKinesis } from '../../support/fake-kinesis.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

export const NEVER = new AbortController().signal;

/** Longer than any deadline or back-off of the source. Unit: ms. */
const WAIT_MAX_MS = 600_000;

/** Lets time pass until `promise` settles; looks every `stepMs`. */
export async function passUntil<T>(clock: VirtualClock, promise: Promise<T>, stepMs = 1): Promise<T> {
  let isSettled = false;
  const mark = (): void => {
    isSettled = true;
  };
  promise.then(mark, mark);
  await clock.until(() => isSettled, WAIT_MAX_MS, stepMs);
  return promise;
}

export interface Line {
  readonly level: string;
  readonly event: string;
  readonly fields: LogFields;
}

export function recordingLog(lines: Line[]): Log {
  const at =
    (level: string) =>
    (event: string, _: string, fields: LogFields = {}): void => {
      lines.push({ level, event, fields });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Failures take minutes: looking every ms would take as many seconds. */
const STEP_MS = 10;

/** One poller on a fake stream, its clock, and what it told. */
export function givenPoller(options: Partial<ShardPollerOptions> = {}) {
  const clock = new VirtualClock();
  const kinesis = new FakeKinesis(clock);
  const lines: Line[] = [];
  const failures: string[] = [];
  const poller = new ShardPoller(
    {
      kinesis: kinesis.client,
      clock,
      // No jitter: delays are their upper bound's half.
      random: { next: () => 0.5, bytes: (count) => new Uint8Array(count) },
      log: recordingLog(lines),
      metrics: {
        recordsRead: () => {},
        readFailed: (name) => void failures.push(name),
      },
    },
    { stream: 'supersim-events', shardId: kinesis.shardId(0), startAt: 'TRIM_HORIZON', ...options },
  );
  const next = async (): Promise<RecordPage> => {
    const page = await passUntil(clock, poller.next(NEVER), STEP_MS);
    if (typeof page === 'string') throw new Error(`${page} without being asked`);
    return page;
  };
  /** Reads until `count` records came; returns their data. */
  const read = async (count: number): Promise<string[]> => {
    const texts: string[] = [];
    while (texts.length < count) texts.push(...textsOf(await next()));
    return texts;
  };
  return { clock, kinesis, poller, lines, failures, next, read };
}

export const textsOf = (page: RecordPage): string[] =>
  page.records.map(({ data }) => new TextDecoder().decode(data));
