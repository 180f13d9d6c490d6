import { describe, expect, it } from '@jest/globals';
import { limitRepeats } from '../../../src/ops/limit-repeats.ts';
import { logLines } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

function givenLog() {
  const clock = new VirtualClock();
  const { log, lines } = logLines();
  return { clock, lines, log: limitRepeats(log, clock) };
}

describe('a line that tells of an attempt', () => {
  it('comes five times a minute; the next minute’s first says how many were left out', async () => {
    const { clock, lines, log } = givenLog();
    const fail = (shardId: string) =>
      log.warn('lease.retry', 'failed', { shardId, reason: 'renew', errorName: 'TimeoutError' });

    for (let n = 0; n < 256; n += 1) fail(`shard-${n}`);
    await clock.advance(60_000);
    fail('shard-0');
    fail('shard-1');

    expect(lines.map(({ fields }) => [fields.shardId, fields.suppressed])).toEqual([
      ['shard-0', undefined],
      ['shard-1', undefined],
      ['shard-2', undefined],
      ['shard-3', undefined],
      ['shard-4', undefined],
      ['shard-0', 251],
      ['shard-1', undefined],
    ]);
  });

  it('is limited by its kind: another error, or another reason, is said', () => {
    const { lines, log } = givenLog();
    for (let n = 0; n < 20; n += 1) {
      log.warn('lease.retry', 'failed', { reason: 'renew', errorName: 'TimeoutError' });
      log.warn('lease.retry', 'failed', { reason: 'take', errorName: 'TimeoutError' });
      log.warn('lease.retry', 'failed', { reason: 'take', errorName: 'ThrottlingException' });
    }

    expect(lines).toHaveLength(15);
  });

  it('is limited also when errors have ever new names', () => {
    const { lines, log } = givenLog();
    for (let n = 0; n < 10_000; n += 1) log.warn('store.retry', 'failed', { errorName: `Error${n}` });

    expect(lines.length).toBeLessThan(1_100);
  });
});

it('a shard that goes to and fro says so ten times an hour, whatever the others do', async () => {
  const { clock, lines, log } = givenLog();
  for (let round = 0; round < 50; round += 1)
    for (const shardId of ['shard-1', 'shard-2']) log.warn('shard.stalled', 'gave up', { shardId });
  log.info('lease.taken', 'took a lease', { shardId: 'shard-1' });
  expect(lines).toHaveLength(21);

  await clock.advance(3_600_000);
  log.warn('shard.stalled', 'gave up', { shardId: 'shard-2' });
  expect(lines.at(-1)?.fields).toEqual({ shardId: 'shard-2', suppressed: 40 });
});

it('a fleet that moves all its shards leaves no line out, and other lines are never limited', () => {
  const { lines, log } = givenLog();
  for (let n = 0; n < 256; n += 1) log.warn('lease.lost', 'lost a lease', { shardId: `shard-${n}` });
  for (let n = 0; n < 256; n += 1) log.info('worker.started', 'reading');
  log.debug('sdk.warning', 'odd');
  log.error('shard.parked', 'a person is needed');

  expect(lines).toHaveLength(514);
  expect(lines.slice(-3).map(({ level }) => level)).toEqual(['info', 'debug', 'error']);
});
