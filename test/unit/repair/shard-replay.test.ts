import { describe, expect, it } from '@jest/globals';
import { createDecoder } from '../../../src/decode/decode-record.ts';
import { type ReplayOptions, replay } from '../../../src/repair/replay.ts';
import { ReplayTally } from '../../../src/repair/replay-tally.ts';
import { pauseAfter, recordsPerRead } from '../../../src/repair/shard-replay.ts';
import type { EventOutcome, SessionStore } from '../../../src/store/session-store.ts';
import { FakeKinesis } from '../../support/fake-kinesis.ts';
import { DECODER_OPTIONS } from '../../support/realistic-event.ts';
import { sessionData, twilio } from '../../support/stream-records.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { NEVER, passUntil, recordingLog } from '../source/given-poller.ts';

const HOUR_MS = 3_600_000;
const STEP_MS = 50;

/** Knows event ids and nothing else. */
class SetStore implements SessionStore {
  readonly seen = new Set<string>();
  largest = 0;
  onApply: () => void = () => undefined;

  async apply(events: Parameters<SessionStore['apply']>[0]): Promise<readonly EventOutcome[]> {
    this.largest = Math.max(this.largest, events.length);
    this.onApply();
    return events.map(({ eventSid }) => {
      const kind = this.seen.has(eventSid) ? 'duplicate' : 'applied';
      this.seen.add(eventSid);
      return { kind };
    });
  }

  flush(): void {}
  makeRoom(): void {}
}

function given() {
  const clock = new VirtualClock();
  // The events' time: one that lies ahead would be poison.
  clock.stepWall(90 * 24 * HOUR_MS);
  const kinesis = new FakeKinesis(clock);
  const sessions = new SetStore();
  const run = (options: Partial<ReplayOptions> = {}, stopping: AbortSignal = NEVER) => {
    const tally = new ReplayTally();
    const shares: number[] = [];
    const running = replay(
      {
        kinesis: kinesis.client,
        clock,
        random: { next: () => 0.5, bytes: (count) => new Uint8Array(count) },
        log: recordingLog([]),
        metrics: { recordsRead: () => {}, readFailed: () => {} },
        decode: createDecoder(DECODER_OPTIONS),
        sessions,
        tally,
        onProgress: ({ share }) => shares.push(share),
      },
      {
        fromMs: clock.wallMs() - 24 * HOUR_MS,
        toMs: clock.wallMs(),
        streams: ['supersim-events'],
        simSids: undefined,
        recordsPerSecond: 400,
        ...options,
      },
      stopping,
      NEVER,
    );
    return passUntil(clock, running, STEP_MS).then((result) => ({ ...result, tally, shares }));
  };
  return { clock, kinesis, sessions, run };
}

const text = (name: string, n: number, sim?: string): string =>
  twilio(sessionData(name, n, 'updated', sim ? { sim_sid: sim } : {}));

describe('replaying a stream', () => {
  it('reads every shard, closed ones too, and nothing twice; the books balance', async () => {
    const { clock, kinesis, run } = given();
    for (let n = 1; n <= 5; n += 1) kinesis.put(text('a', n));
    kinesis.put('poison');
    const [left, right] = kinesis.split(kinesis.shardId(0));
    kinesis.put(text('b', 1), left);
    kinesis.put(text('a', 1), right);
    await clock.advance(1);

    const first = await run();
    expect(first).toMatchObject({ end: 'done', shardsDone: first.shards });
    expect(first.tally.summary()).toMatchObject({
      read: 8,
      applied: 6,
      duplicate: 1,
      deadLetteredByReason: { 'not-json': 1 },
      records: 8,
    });
    expect(first.shares.at(-1)).toBe(1);
    expect((await run()).tally.summary()).toMatchObject({ read: 8, applied: 0, duplicate: 7 });
  });

  it('applies only what arrived in its time, of the SIMs that were named', async () => {
    const { clock, kinesis, sessions, run } = given();
    const sim = `HS${'a'.repeat(32)}`;
    kinesis.put(text('a', 1, sim));
    await clock.advance(HOUR_MS);
    const fromMs = clock.wallMs();
    kinesis.put(text('a', 2, sim));
    kinesis.put(text('b', 1));
    await clock.advance(HOUR_MS);
    const toMs = clock.wallMs();
    kinesis.put(text('a', 3, sim));
    await clock.advance(HOUR_MS);

    const { tally } = await run({ fromMs, toMs, simSids: new Set([sim]) });

    expect(tally.summary()).toMatchObject({ read: 2, applied: 1, notAskedFor: 1 });
    expect([...sessions.seen]).toEqual([sessionData('a', 2)['event_sid']]);
  });

  it('ends soon after its time although the stream goes on', async () => {
    const { clock, kinesis, run } = given();
    kinesis.put(text('a', 1));
    await clock.advance(1);
    const running = run({ recordsPerSecond: 4 });
    for (let n = 2; n < 400; n += 1) {
      await clock.advance(100);
      kinesis.put(text('a', n));
    }

    expect(await running).toMatchObject({ end: 'done', tally: { read: 1 } });
    expect(kinesis.callsOf('GetRecords').length).toBeLessThan(100);
  });

  it('leaves three of a shard’s five reads a second to the workers', async () => {
    const { clock, kinesis, run } = given();
    for (let n = 1; n <= 2_000; n += 1) kinesis.put(text('a', n));
    await clock.advance(1);
    const startedAtMs = clock.monotonicMs();

    await run();

    const reads = kinesis.callsOf('GetRecords');
    const seconds = (clock.monotonicMs() - startedAtMs) / 1_000;
    expect(seconds).toBeGreaterThanOrEqual(2_000 / 400 - 1);
    for (const { atMs } of reads)
      expect(
        reads.filter((read) => read.atMs >= atMs && read.atMs < atMs + 1_000).length,
      ).toBeLessThanOrEqual(2);
  });

  it('stopped while it stores, finishes that page and says so', async () => {
    const { clock, kinesis, sessions, run } = given();
    for (let n = 1; n <= 50; n += 1) kinesis.put(text('a', n));
    await clock.advance(1);
    const stopping = new AbortController();
    sessions.onApply = () => stopping.abort();

    const { end, tally } = await run({ recordsPerSecond: 20 }, stopping.signal);

    expect(end).toBe('stopped');
    expect(tally.summary()).toMatchObject({ read: 10, applied: 10 });
    expect(await run({}, AbortSignal.abort())).toMatchObject({ end: 'stopped', shards: 0 });
  });

  it('gives the first failure, and ends the other shards', async () => {
    const { clock, kinesis, sessions, run } = given();
    kinesis.put(text('a', 1));
    await clock.advance(1);
    sessions.onApply = () => {
      throw new Error('surprise');
    };

    await expect(run()).rejects.toThrow('surprise');
  });
});

describe('the pace', () => {
  it.each([
    [{ bytes: 0, records: 0 }, 400, 500],
    [{ bytes: 2_000_000, records: 200 }, 400, 2_000],
    [{ bytes: 10, records: 200 }, 400, 500],
    [{ bytes: 10, records: 1 }, 1, 1_000],
  ])('after %j at %d a second is %d ms', ({ bytes, records }, rate, ms) => {
    expect(pauseAfter({ bytes, records: Array.from({ length: records }) as never }, rate)).toBe(ms);
  });

  it('asks for no more at once than half a second allows', () => {
    expect([1, 2, 3, 400].map(recordsPerRead)).toEqual([1, 1, 2, 200]);
  });
});
