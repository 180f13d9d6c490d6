import { describe, expect, it } from '@jest/globals';
import { AwsWatch } from '../../../src/ops/aws-watch.ts';
import { logLines } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const named = (name: string, more: object = {}) => Object.assign(new Error(name), { name, ...more });
const TIMEOUT = named('TimeoutError');
const REFUSED = named('ConditionalCheckFailedException', { $fault: 'client' });

function givenWatch() {
  const clock = new VirtualClock();
  const { log, lines } = logLines();
  const leaseFailures: string[] = [];
  const retries: [string, number][] = [];
  const watch = new AwsWatch({
    clock,
    log,
    onLeaseFailure: (errorName) => leaseFailures.push(errorName),
    onRetries: (service, count) => retries.push([service, count]),
  });
  /** A call that takes so long. */
  const call = async (service: 'kinesis' | 'dynamodb' | 'lease-table', tookMs: number, error?: unknown) => {
    const ended = watch.began(service);
    await clock.advance(tookMs);
    ended({ error });
  };
  return { clock, lines, leaseFailures, retries, watch, call };
}

describe('an outage', () => {
  it('is a trouble from 10 s on, in words, and ends with the first answer', async () => {
    const { watch, call } = givenWatch();
    await call('dynamodb', 9_000, TIMEOUT);
    expect(watch.troubles()).toEqual([]);

    await call('dynamodb', 86_000, named('ThrottlingException'));
    expect(watch.troubles()).toEqual([
      {
        kind: 'aws-failing',
        subject: 'DynamoDB',
        text: 'DynamoDB has not answered for 95 s: ThrottlingException',
        forMs: 95_000,
      },
    ]);

    await call('dynamodb', 5);
    expect(watch.troubles()).toEqual([]);
  });

  it('is two lines of the log, however many calls fail in between', async () => {
    const { lines, call } = givenWatch();

    for (let n = 0; n < 100; n += 1) await call('kinesis', 1_000, TIMEOUT);
    await call('kinesis', 0);
    await call('kinesis', 0);

    expect(lines.map(({ level, event, fields }) => ({ level, event, ...fields }))).toEqual([
      {
        level: 'warn',
        event: 'aws.failing',
        reason: 'kinesis',
        errorName: 'TimeoutError',
        elapsedMs: 10_000,
        count: 10,
      },
      {
        level: 'info',
        event: 'aws.answering',
        reason: 'kinesis',
        errorName: 'TimeoutError',
        elapsedMs: 100_000,
        count: 100,
      },
    ]);
  });

  it('is seen before the first call has failed: calls can hang for long', async () => {
    const { clock, watch, call } = givenWatch();
    await call('kinesis', 5);
    const [one, other] = [watch.began('kinesis'), watch.began('kinesis')];
    await clock.advance(12_000);
    expect(watch.troubles()).toMatchObject([{ text: 'Kinesis has not answered for 12 s', forMs: 12_000 }]);

    other({});
    expect(watch.troubles()).toEqual([]);
    await clock.advance(30_000);
    // It hangs, but Kinesis answered another meanwhile.
    expect(watch.troubles()).toEqual([]);
    one({ error: TIMEOUT });
    expect(watch.troubles()).toEqual([]);
  });

  it('of less than 10 s is nobody’s business', async () => {
    const { lines, call } = givenWatch();
    await call('kinesis', 4_000, TIMEOUT);
    await call('kinesis', 1);

    expect(lines).toEqual([]);
  });

  it('of one service is none of the others', async () => {
    const { watch, call } = givenWatch();
    await call('lease-table', 20_000, TIMEOUT);

    expect(watch.troubles().map(({ subject }) => subject)).toEqual(['The lease table']);
    expect([...watch.unanswered()]).toEqual([
      ['kinesis', 0],
      ['dynamodb', 0],
      ['lease-table', 20_000],
    ]);
  });
});

describe('a call', () => {
  it('that is refused was answered', async () => {
    const { watch, call } = givenWatch();
    await call('dynamodb', 20_000, TIMEOUT);
    await call('dynamodb', 1, REFUSED);

    expect(watch.troubles()).toEqual([]);
  });

  it('that we gave up because we stop says nothing; one that hung until its deadline had no answer', async () => {
    const { watch, call } = givenWatch();
    await call('kinesis', 2_000, named('AbortError'));
    expect([...watch.unanswered()][0]).toEqual(['kinesis', 0]);

    await call('kinesis', 35_000, named('AbortError'));
    expect(watch.troubles()[0]?.text).toBe('Kinesis has not answered for 35 s: TimeoutError');
  });

  it('that failed on our side is no answer, and no outage', async () => {
    const { watch, call } = givenWatch();
    await call('dynamodb', 20_000, TIMEOUT);
    await call('dynamodb', 1, new TypeError('a bug'));

    expect(watch.troubles()).toHaveLength(1);
    await call('kinesis', 20_000, new TypeError('a bug'));
    expect(watch.troubles()).toHaveLength(1);
  });

  it('of the lease table that failed is counted, and so is what the SDK repeated', () => {
    const { watch, leaseFailures, retries } = givenWatch();
    watch.began('lease-table')({ error: TIMEOUT, attempts: 2 });
    watch.began('dynamodb')({ error: TIMEOUT });
    watch.began('kinesis')({ attempts: 3 });

    expect(leaseFailures).toEqual(['TimeoutError']);
    expect(retries).toEqual([
      ['lease-table', 1],
      ['kinesis', 2],
    ]);
  });
});
