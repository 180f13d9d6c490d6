import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { readyChecks } from '../../../src/ops/health.ts';
import { Heartbeats } from '../../../src/ops/heartbeats.ts';
import type { FromProcess } from '../../../src/supervisor/messages.ts';
import { SupervisorLink } from '../../../src/supervisor/supervisor-link.ts';
import { totalsOf } from '../../support/fake-processes.ts';
import { settle, VirtualClock } from '../../support/virtual-clock.ts';

/** A channel as `process` is one; a supervisor that `isStuck` takes no message off it. */
class FakeChannel extends EventEmitter {
  connected = true;
  isStuck = false;
  readonly said: FromProcess[] = [];
  readonly send = ((message: FromProcess, _handle, _options, done: () => void) => {
    this.said.push(message);
    if (!this.isStuck) done();
    return !this.isStuck;
  }) as NonNullable<NodeJS.Process['send']>;
  disconnect(): void {
    this.connected = false;
    this.emit('disconnect');
  }
}

const TROUBLE = { kind: 'aws-failing', subject: 'Kinesis', text: 'Kinesis is away', forMs: 1 } as const;

function givenLink() {
  const clock = new VirtualClock();
  const channel = new FakeChannel();
  const link = new SupervisorLink('2', channel, clock);
  const heartbeats = new Heartbeats(clock);
  const worker = {
    heartbeats,
    readiness: () => readyChecks('running', []),
    troubles: () => [TROUBLE],
    metrics: async () => ({ contentType: 'text/plain', body: 'supersim_leases 1\n' }),
    state: (): unknown => ({ workerId: 'w-2' }),
    report: () => [],
  };
  const ofKind = (kind: FromProcess['kind']) => channel.said.filter((message) => message.kind === kind);
  return { clock, channel, link, heartbeats, worker, ofKind };
}

describe('a worker under a supervisor', () => {
  it('reports each second, from before it reads on', async () => {
    const { clock, link, heartbeats, worker, ofKind } = givenLink();
    expect(ofKind('report')).toEqual([{ kind: 'report', loops: [], checks: undefined, troubles: [] }]);

    heartbeats.watch('worker', 30_000);
    await link.open(worker);
    await clock.advance(1_000);

    expect(ofKind('report').at(-1)).toEqual({
      kind: 'report',
      loops: [{ name: 'worker', isAlive: true, ageMs: 1_000, allowanceMs: 30_000 }],
      checks: [
        { name: 'running', isOk: true },
        { name: 'shards', isOk: true },
      ],
      troubles: [TROUBLE],
    });
  });

  it('waits with the next report while the supervisor takes none', async () => {
    const { clock, channel, ofKind } = givenLink();
    await clock.advance(0);
    channel.isStuck = true;
    await clock.advance(60_000);

    expect(ofKind('report')).toHaveLength(2);
  });

  it('answers what it is asked, and with nothing when it cannot', async () => {
    const { channel, link, worker, ofKind } = givenLink();
    const ask = async (id: number, what: string) => {
      channel.emit('message', { kind: 'ask', id, what });
      await settle();
      return ofKind('answer').at(-1);
    };
    expect(await ask(1, 'state')).toEqual({ kind: 'answer', id: 1, value: undefined });

    await link.open(worker);
    expect(await ask(2, 'state')).toEqual({ kind: 'answer', id: 2, value: { workerId: 'w-2' } });
    expect(await ask(3, 'metrics')).toEqual({ kind: 'answer', id: 3, value: 'supersim_leases 1\n' });
    worker.state = () => {
      throw new Error('no state');
    };
    expect(await ask(4, 'state')).toEqual({ kind: 'answer', id: 4, value: undefined });
  });

  it('stops when the supervisor says so', () => {
    const { channel, link } = givenLink();

    channel.emit('message', { kind: 'stop' });

    expect([link.stopping.aborted, link.isLost]).toEqual([true, false]);
  });

  it('stops when the supervisor is gone, and says nothing more to nobody', async () => {
    const { clock, channel, link } = givenLink();

    channel.disconnect();
    await link.ended('stopped', totalsOf());
    const { length } = channel.said;
    await clock.advance(10_000);

    expect([link.stopping.aborted, link.isLost, channel.said.length]).toEqual([true, true, length]);
    expect(clock.pendingCount).toBe(0);
  });

  it('stops when the supervisor was gone before it looked', () => {
    const channel = new FakeChannel();
    channel.connected = false;

    expect(new SupervisorLink('2', channel, new VirtualClock()).stopping.aborted).toBe(true);
  });

  it('leaves no timer and no channel open once closed', async () => {
    const { clock, channel, link } = givenLink();

    link.close();
    await clock.advance(0);

    expect([clock.pendingCount, channel.connected]).toEqual([0, false]);
  });

  it('is refused where no supervisor is', () => {
    const { send: _, ...nobody } = new FakeChannel();

    expect(() => new SupervisorLink('2', nobody as unknown as NodeJS.Process, new VirtualClock())).toThrow(
      /--processes N/,
    );
  });
});
