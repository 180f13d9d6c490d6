import type { SubscribeToShardEvent } from '@aws-sdk/client-kinesis';
import type { FanOutDeps, FanOutOptions, FanOutOutcome } from '../../../src/source/fan-out-options.ts';
import { FanOutReader } from '../../../src/source/fan-out-reader.ts';
import type { RecordPage } from '../../../src/source/record.ts';
import { FakeKinesis } from '../../support/fake-kinesis.ts';
import { FakeSubscriptions } from '../../support/fake-subscriptions.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { type Line, passUntil, recordingLog } from './given-poller.ts';

/** Subscriptions live for minutes: looking every ms would take as many seconds. */
const STEP_MS = 50;

/** Sequence numbers of the test's own: 49…000 and what is added. */
export const numbered = (n: number): string => String(49_000_000_000_000_000_000n + BigInt(n));

/** An event with the given records, continuing after the last of them unless told. */
export const event = (
  records: readonly number[],
  more: { continuation?: number | undefined; behindMs?: number | undefined } = {},
): Partial<SubscribeToShardEvent> => ({
  Records: records.map((n) => ({
    SequenceNumber: numbered(n),
    PartitionKey: 'key',
    ApproximateArrivalTimestamp: new Date(0),
    Data: new TextEncoder().encode(`r${n}`),
  })),
  ContinuationSequenceNumber: numbered(more.continuation ?? records.at(-1) ?? 0),
  MillisBehindLatest: 'behindMs' in more ? more.behindMs : 0,
});

/** What a fan-out reader needs, on fakes, and what it told. */
export function givenFanOutDeps() {
  const clock = new VirtualClock();
  const kinesis = new FakeKinesis(clock);
  const subscriptions = new FakeSubscriptions(clock);
  const lines: Line[] = [];
  const failures: string[] = [];
  const deps: FanOutDeps = {
    kinesis: kinesis.client,
    kinesisStreaming: subscriptions.client,
    clock,
    // No jitter: delays are their upper bound's half.
    random: { next: () => 0.5, bytes: (count) => new Uint8Array(count) },
    log: recordingLog(lines),
    metrics: {
      recordsRead: () => {},
      readFailed: (name) => void failures.push(name),
    },
  };
  const forgotten: string[] = [];
  const consumer = { arn: async () => 'consumer-arn', forget: (arn: string) => void forgotten.push(arn) };
  return { clock, kinesis, subscriptions, lines, failures, deps, consumer, forgotten };
}

export function givenFanOut(options: Partial<FanOutOptions> = {}) {
  const given = givenFanOutDeps();
  const { clock, deps, consumer, kinesis } = given;
  const reader = new FanOutReader(deps, {
    stream: 'supersim-events',
    shardId: kinesis.shardId(0),
    startAt: 'TRIM_HORIZON',
    consumer,
    ...options,
  });
  // Its own: an open subscription listens to it.
  const never = new AbortController().signal;
  const outcome = (): Promise<FanOutOutcome> => passUntil(clock, reader.next(never), STEP_MS);
  const next = async (): Promise<RecordPage> => {
    const page = await outcome();
    if (typeof page === 'string' || 'pollInstead' in page)
      throw new Error(`no page but ${JSON.stringify(page)}`);
    return page;
  };
  /** Where the subscriptions began. */
  const starts = (): unknown[] =>
    given.subscriptions.streams.map(({ input }) =>
      input.StartingPosition?.SequenceNumber
        ? `${input.StartingPosition.Type} ${input.StartingPosition.SequenceNumber}`
        : input.StartingPosition?.Type,
    );
  return { ...given, reader, outcome, next, starts };
}
