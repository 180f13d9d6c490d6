import { ListShardsCommand } from '@aws-sdk/client-kinesis';
import { describe, expect, it } from '@jest/globals';
import { awsError } from '../../support/fake-kinesis.ts';
import { givenPoller, NEVER, passUntil, textsOf } from './given-poller.ts';

const gaps = (times: readonly number[]): number[] => times.slice(1).map((at, n) => at - (times[n] as number));

describe('a shard that is behind', () => {
  it('is read without idling, five times a second at most', async () => {
    const { kinesis, read } = givenPoller({ recordsPerReadMax: 1 });
    kinesis.habits.isLimited = true;
    for (let n = 0; n < 8; n += 1) kinesis.put(`r${n}`);

    await read(8);

    const times = kinesis.callsOf('GetRecords').map(({ atMs }) => atMs);
    expect(gaps(times)).toEqual(Array(7).fill(210));
  });

  it('is read at 2 MB a second at most', async () => {
    const { kinesis, next } = givenPoller({ recordsPerReadMax: 1 });
    for (let n = 0; n < 3; n += 1) kinesis.put(new Uint8Array(1_000_000));

    for (let n = 0; n < 3; n += 1) expect((await next()).bytes).toBe(1_000_000);

    expect(gaps(kinesis.callsOf('GetRecords').map(({ atMs }) => atMs))).toEqual([500, 500]);
  });

  it('goes on after empty pages, without idling and without an end', async () => {
    const { kinesis, next, read, clock } = givenPoller();
    kinesis.put('a');
    kinesis.failNext('GetRecords', 'empty-page', 'empty-page');
    await clock.advance(10);

    const first = await next();
    const rest = await read(1);

    expect(first).toMatchObject({ records: [], bytes: 0 });
    expect(first.millisBehindLatest).toBeGreaterThan(0);
    expect(rest).toEqual(['a']);
    expect(gaps(kinesis.callsOf('GetRecords').map(({ atMs }) => atMs))).toEqual([210, 210]);
  });
});

describe('a shard that is caught up', () => {
  it('is read again after the idle time', async () => {
    const { kinesis, next } = givenPoller({ idleBetweenReadsMs: 1_500 });

    expect((await next()).millisBehindLatest).toBe(0);
    await next();

    expect(gaps(kinesis.callsOf('GetRecords').map(({ atMs }) => atMs))).toEqual([1_500]);
  });

  it('is not taken for one while pages are full, whatever lag the engine reports', async () => {
    const { kinesis, next } = givenPoller({ recordsPerReadMax: 2 });
    kinesis.habits.lagIsAlwaysZero = true;
    for (const text of ['a', 'b', 'c']) kinesis.put(text);

    expect([(await next()).isAtTip, (await next()).isAtTip]).toEqual([false, true]);
    expect(gaps(kinesis.callsOf('GetRecords').map(({ atMs }) => atMs))).toEqual([210]);
  });

  it('is not taken for one when the lag is unknown: the page says unknown, and reading does not idle', async () => {
    const { kinesis, next } = givenPoller();
    kinesis.habits.knowsLag = false;

    expect((await next()).millisBehindLatest).toBeUndefined();
    await next();

    expect(gaps(kinesis.callsOf('GetRecords').map(({ atMs }) => atMs))).toEqual([210]);
  });
});

describe('the start position', () => {
  it('of a checkpoint is the checkpointed record itself: the consumer drops what it covers', async () => {
    const shared = givenPoller();
    shared.kinesis.put('a');
    const sequenceNumber = shared.kinesis.put('b');
    shared.kinesis.put('c');
    const options = { startAt: { sequenceNumber, subSequenceNumber: 3 } };

    const { kinesis, read } = givenPoller(options);
    for (const text of ['a', 'b', 'c']) kinesis.put(text);

    expect(await read(2)).toEqual(['b', 'c']);
    expect(kinesis.callsOf('GetShardIterator')[0]?.input).toMatchObject({
      ShardIteratorType: 'AT_SEQUENCE_NUMBER',
      StartingSequenceNumber: sequenceNumber,
    });
  });

  it('of a time begins with what arrived at it', async () => {
    const { clock } = givenPoller();
    const timestampMs = clock.wallMs() + 1_000;
    const { kinesis, read, clock: own } = givenPoller({ startAt: { timestampMs } });
    kinesis.put('before');
    await own.advance(1_000);
    kinesis.put('at');

    expect(await read(1)).toEqual(['at']);
  });

  it('LATEST loses nothing that arrives before an iterator that expired is opened anew', async () => {
    const { kinesis, next, read, clock } = givenPoller({ startAt: 'LATEST' });
    kinesis.put('before');
    await clock.advance(60_000);
    await next();
    kinesis.put('after');
    await clock.advance(400_000);

    expect(await read(1)).toEqual(['after']);
    expect(kinesis.callsOf('GetShardIterator').map(({ input }) => input['ShardIteratorType'])).toEqual([
      'LATEST',
      'AT_TIMESTAMP',
    ]);
  });
});

describe('an expired iterator', () => {
  it('is opened anew after the last delivered record: nothing is lost or doubled', async () => {
    const { kinesis, read, clock } = givenPoller({ recordsPerReadMax: 2 });
    for (const text of ['a', 'b', 'c', 'd', 'e']) kinesis.put(text);

    const before = await read(2);
    await clock.advance(301_000);
    const after = await read(3);

    expect([...before, ...after]).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(kinesis.callsOf('GetShardIterator').at(-1)?.input['ShardIteratorType']).toBe(
      'AFTER_SEQUENCE_NUMBER',
    );
  });

  it('that expired before any record begins where the reader began', async () => {
    const { kinesis, next, read, clock } = givenPoller();
    kinesis.failNext('GetRecords', 'empty-page');
    kinesis.put('a');
    await next();
    await clock.advance(301_000);

    expect(await read(1)).toEqual(['a']);
    expect(kinesis.callsOf('GetShardIterator').at(-1)?.input['ShardIteratorType']).toBe('TRIM_HORIZON');
  });
});

describe('the end of a shard', () => {
  it('comes with its last page, and names both children of a split', async () => {
    const { kinesis, next } = givenPoller();
    kinesis.put('a');
    const children = kinesis.split(kinesis.shardId(0));

    const page = await next();

    expect(textsOf(page)).toEqual(['a']);
    expect(page.shardEnd?.childShards.map(({ shardId }) => shardId)).toEqual(children);
    expect(page.shardEnd?.childShards[0]).toMatchObject({
      parentShardIds: [kinesis.shardId(0)],
      startingHashKey: '0',
    });
  });

  it('is found in the listing when the engine names no children', async () => {
    const { kinesis, next } = givenPoller();
    kinesis.habits.namesChildren = false;
    const children = kinesis.split(kinesis.shardId(0));

    const [first, second] = [await next(), await next()];

    expect(first).toMatchObject({ records: [], isAtTip: false });
    expect(first.shardEnd).toBeUndefined();
    expect(second.shardEnd?.childShards.map(({ shardId }) => shardId)).toEqual(children);
  });

  it('is not believed from a listing later than the answer: the shard may have got records and been closed since', async () => {
    const { kinesis, next } = givenPoller();
    const send = kinesis.send.bind(kinesis);
    let children: string[] = [];
    kinesis.send = (command, options) => {
      if (command instanceof ListShardsCommand && children.length === 0) {
        kinesis.put('late');
        children = kinesis.split(kinesis.shardId(0));
      }
      return send(command, options);
    };
    kinesis.failNext('GetRecords', 'no-iterator');

    const page = await next();
    const after = await next();

    expect(page).toMatchObject({ records: [], isAtTip: false });
    expect(page.shardEnd).toBeUndefined();
    expect(textsOf(after)).toEqual(['late']);
    expect(after.shardEnd?.childShards.map(({ shardId }) => shardId)).toEqual(children);
  });

  it('is not believed from a null iterator alone: the shard is opened anew after what was delivered', async () => {
    const { kinesis, next, read, lines } = givenPoller();
    kinesis.put('a');
    kinesis.failNext('GetRecords', 'no-iterator');

    const page = await next();
    kinesis.put('b');
    const after = await read(1);

    expect(page.shardEnd).toBeUndefined();
    expect([...textsOf(page), ...after]).toEqual(['a', 'b']);
    expect(lines).toMatchObject([
      { level: 'warn', fields: { errorName: 'IteratorEndedWithoutChildShards' } },
    ]);
  });

  it('is not believed while the answer itself says that records are left, whatever the listing says', async () => {
    const { kinesis, next, read } = givenPoller({ recordsPerReadMax: 1 });
    kinesis.put('a');
    kinesis.put('b');
    kinesis.split(kinesis.shardId(0));
    kinesis.failNext('GetRecords', 'no-iterator');

    const page = await next();
    const after = await read(1);

    expect(page.shardEnd).toBeUndefined();
    expect([...textsOf(page), ...after]).toEqual(['a', 'b']);
  });

  it('a listing that fails there delays the page and loses nothing', async () => {
    const { kinesis, next } = givenPoller();
    kinesis.habits.namesChildren = false;
    kinesis.put('a');
    kinesis.split(kinesis.shardId(0));
    kinesis.failNext('ListShards', awsError('LimitExceededException'));

    const page = await next();

    expect(textsOf(page)).toEqual(['a']);
    expect((await next()).shardEnd?.childShards).toHaveLength(2);
  });

  it('is final: reading on is a programmer’s mistake', async () => {
    const { kinesis, next, poller } = givenPoller();
    kinesis.split(kinesis.shardId(0));
    await next();

    await expect(poller.next(NEVER)).rejects.toMatchObject({ code: 'invariant-broken' });
  });
});

describe('a call that goes wrong', () => {
  it('is repeated when the answer has no iterator', async () => {
    const { kinesis, read } = givenPoller();
    kinesis.put('a');
    kinesis.failNext('GetShardIterator', 'no-iterator');

    expect(await read(1)).toEqual(['a']);
    expect(kinesis.callsOf('GetShardIterator')).toHaveLength(2);
  });

  it('is repeated when the stream cannot be listed to see whether an unknown shard has expired', async () => {
    const { kinesis, next } = givenPoller();
    const children = kinesis.split(kinesis.shardId(0));
    kinesis.expireShard(kinesis.shardId(0));
    kinesis.failNext('ListShards', awsError('LimitExceededException'));

    const page = await next();

    expect(page.shardEnd?.childShards.map(({ shardId }) => shardId)).toEqual(children);
    expect(kinesis.callsOf('ListShards')).toHaveLength(2);
  });
});

describe('a checkpoint past the retention', () => {
  const startAtFirst = () => {
    const { kinesis } = givenPoller();
    return { sequenceNumber: kinesis.put('a'), subSequenceNumber: 0 };
  };

  it('is told with the page, once, when another record comes first', async () => {
    const { kinesis, next } = givenPoller({ startAt: startAtFirst(), recordsPerReadMax: 1 });
    const after = kinesis.put('a');
    kinesis.put('b');
    const firstSequenceNumber = kinesis.put('c');
    kinesis.put('d');
    kinesis.trim(kinesis.shardId(0), 2);

    expect(await next()).toMatchObject({ gap: { after, firstSequenceNumber }, records: { length: 1 } });
    expect((await next()).gap).toBeUndefined();
  });

  it('is told when the shard ends without the checkpointed record', async () => {
    const { kinesis, next } = givenPoller({ startAt: startAtFirst() });
    const after = kinesis.put('a');
    kinesis.split(kinesis.shardId(0));
    kinesis.trim(kinesis.shardId(0), 1);

    const page = await next();
    expect(page.shardEnd).toBeDefined();
    expect(page.gap).toEqual({ after, firstSequenceNumber: undefined });
  });

  it('is none while the checkpointed record is there, after empty pages too', async () => {
    const { kinesis, next } = givenPoller({ startAt: startAtFirst() });
    kinesis.put('a');
    kinesis.failNext('GetRecords', 'empty-page');

    expect((await next()).gap).toBeUndefined();
    expect((await next()).gap).toBeUndefined();
  });

  it('of a closed shard that is gone ends it with a gap and the children that are listed', async () => {
    const { kinesis, next } = givenPoller({ startAt: startAtFirst() });
    const after = kinesis.put('a');
    const children = kinesis.split(kinesis.shardId(0));
    kinesis.expireShard(kinesis.shardId(0));

    const page = await next();

    expect(page).toMatchObject({ records: [], gap: { after }, isAtTip: false });
    expect(page.shardEnd?.childShards.map(({ shardId }) => shardId)).toEqual(children);
  });

  it('of a shard whose stream is gone is no end: one answer proves nothing', async () => {
    const { kinesis, clock, poller } = givenPoller({ startAt: startAtFirst() });
    kinesis.failNext('GetShardIterator', awsError('ResourceNotFoundException'));
    kinesis.failNext('ListShards', awsError('ResourceNotFoundException'));

    await expect(passUntil(clock, poller.next(NEVER))).rejects.toMatchObject({ code: 'position-refused' });
  });
});

describe('reads that bring no answer', () => {
  it('are given up as stalled after the time allowed, and not before', async () => {
    const { kinesis, clock, poller } = givenPoller({ stallAfterMs: 30_000 });
    kinesis.failNext('GetShardIterator', ...Array(60).fill(awsError('InternalFailureException')));
    const startedAtMs = clock.monotonicMs();

    expect(await passUntil(clock, poller.next(NEVER))).toBe('stalled');

    expect(clock.monotonicMs() - startedAtMs).toBeGreaterThanOrEqual(30_000);
    expect(clock.monotonicMs() - startedAtMs).toBeLessThan(60_000);
  });

  it('are forgotten with the first answer', async () => {
    const { kinesis, clock, next, poller } = givenPoller({ stallAfterMs: 10_000 });
    kinesis.failNext('GetRecords', awsError('InternalFailureException'));
    await next();
    await clock.advance(20_000);
    kinesis.failNext('GetRecords', awsError('InternalFailureException'));

    expect(await passUntil(clock, poller.next(NEVER))).not.toBe('stalled');
  });
});

describe('a refused position', () => {
  const startAt = { sequenceNumber: '1', subSequenceNumber: 0 };

  it('throws with the shard and advice, and never starts elsewhere', async () => {
    const { kinesis, clock, poller } = givenPoller({ startAt });
    kinesis.put('a');

    await expect(passUntil(clock, poller.next(NEVER))).rejects.toMatchObject({
      code: 'position-refused',
      kind: 'fatal',
      message: expect.stringMatching(/shardId-000000000000.*from 1: .*lease/) as unknown,
    });
    expect(kinesis.callsOf('GetShardIterator')).toHaveLength(1);
  });

  it('a shard that is gone is no shard end', async () => {
    const { kinesis, clock, poller, next } = givenPoller();
    kinesis.put('a');
    await next();
    kinesis.expireShard(kinesis.shardId(0));

    await expect(passUntil(clock, poller.next(NEVER))).rejects.toMatchObject({ code: 'position-refused' });
  });
});

describe('a call that fails', () => {
  it.each([
    awsError('InternalFailureException', { $fault: 'server' }),
    awsError('KMSThrottlingException'),
    awsError('SyntaxError'),
    Object.assign(new Error('reset'), { code: 'ECONNRESET' }),
  ])('is repeated with back-off when it may come right: %p', async (error) => {
    const { kinesis, read, failures } = givenPoller();
    kinesis.put('a');
    kinesis.failNext('GetRecords', error, error);

    expect(await read(1)).toEqual(['a']);
    expect(failures).toHaveLength(2);
  });

  it('waits about a second and then longer when it is throttled', async () => {
    const { kinesis, read } = givenPoller();
    kinesis.put('a');
    const throttled = awsError('ProvisionedThroughputExceededException');
    kinesis.failNext('GetRecords', throttled, throttled);

    await read(1);

    expect(gaps(kinesis.callsOf('GetRecords').map(({ atMs }) => atMs))).toEqual([500, 1_000]);
  });

  it('that is fatal is thrown at once', async () => {
    const { kinesis, clock, poller } = givenPoller();
    kinesis.failNext('GetRecords', awsError('AccessDeniedException'));

    await expect(passUntil(clock, poller.next(NEVER))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
  });

  it('is warned of once a minute, with how often it failed', async () => {
    const { kinesis, read, lines, failures } = givenPoller({ stallAfterMs: 3_600_000 });
    kinesis.put('a');
    kinesis.failNext('GetRecords', ...Array(20).fill(awsError('InternalFailureException')));

    await read(1);

    const counts = lines.map(({ fields }) => Number(fields.count));
    expect(failures).toHaveLength(20);
    expect(counts[0]).toBe(1);
    expect(counts.length).toBeLessThanOrEqual(4);
    expect(lines.every(({ level }) => level === 'warn')).toBe(true);
  });

  it('that never answers ends at the deadline and is repeated', async () => {
    const { kinesis, read, clock, failures } = givenPoller();
    kinesis.put('a');
    kinesis.failNext('GetRecords', 'hang');

    expect(await read(1)).toEqual(['a']);
    expect(failures).toEqual(['TimeoutError']);
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(35_000);
  });

  it('three times in a row puts the iterator in doubt: it is opened anew after the last record', async () => {
    const { kinesis, read } = givenPoller({ recordsPerReadMax: 1 });
    kinesis.put('a');
    kinesis.put('b');
    const first = await read(1);
    kinesis.failNext(
      'GetRecords',
      ...Array(3).fill(awsError('Error', { $metadata: { httpStatusCode: 500 } })),
    );

    expect([...first, ...(await read(1))]).toEqual(['a', 'b']);
    expect(kinesis.callsOf('GetShardIterator')).toHaveLength(2);
  });
});

describe('an abort', () => {
  it('ends an idle wait and a call in flight at once, and loses nothing', async () => {
    const { kinesis, clock, poller, next, read } = givenPoller();
    await next();
    const idle = new AbortController();
    const waiting = poller.next(idle.signal);
    idle.abort();

    expect(await waiting).toBe('aborted');

    kinesis.put('a');
    kinesis.failNext('GetRecords', 'hang');
    const inFlight = new AbortController();
    const reading = poller.next(inFlight.signal);
    await clock.advance(2_000);
    inFlight.abort();

    expect(await reading).toBe('aborted');
    expect(clock.pendingCount).toBe(0);
    expect(await read(1)).toEqual(['a']);
  });
});
