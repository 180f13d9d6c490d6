import { describe, expect, it } from '@jest/globals';
import type { HttpServerDeps } from '../../../src/ops/http-server.ts';
import type { LogFields } from '../../../src/ops/log.ts';
import { Supervisor } from '../../../src/supervisor/supervisor.ts';
import { FakeProcesses, totalsOf } from '../../support/fake-processes.ts';
import { settle, VirtualClock } from '../../support/virtual-clock.ts';

const GRACE_MS = 25_000;

function givenSupervisor({ processes = 3, drain = false } = {}) {
  const clock = new VirtualClock();
  const children = new FakeProcesses();
  const lines: (LogFields & { event: string })[] = [];
  const write = (event: string, _message: string, fields: LogFields = {}): void => {
    lines.push({ event, ...fields });
  };
  const supervisor = new Supervisor(
    {
      clock,
      // The longest delays: 1, 2, 4… s.
      random: { next: () => 1, bytes: () => new Uint8Array() },
      log: { debug: write, info: write, warn: write, error: write },
      fork: children.fork,
    },
    {
      processes,
      drain,
      graceMs: GRACE_MS,
      stream: 'events',
      application: 'meter',
      codes: { final: [2, 3], aws: [6], failed: 1 },
    },
  );
  return { clock, children, lines, supervisor, run: supervisor.run() };
}

/** All its processes read. */
async function givenReading(options: { processes?: number; drain?: boolean } = {}) {
  const given = givenSupervisor(options);
  await given.children.at(1).reports();
  for (const process of given.children.running) await process.reports();
  return given;
}

const numbersOf = (processes: FakeProcesses): number[] => processes.running.map(({ number }) => number);
const failing = (view: HttpServerDeps) => view.readiness().filter(({ isOk }) => !isOk);
const deadLoops = (view: HttpServerDeps) =>
  view.heartbeats
    .states()
    .filter(({ isAlive }) => !isAlive)
    .map(({ name }) => name);

describe('the start', () => {
  it('is one process’s alone until that reads; then come the others', async () => {
    const { children } = givenSupervisor();
    await children.at(1).reports({ isStarting: true });
    expect(numbersOf(children)).toEqual([1]);

    await children.at(1).reports();

    expect(numbersOf(children)).toEqual([1, 2, 3]);
  });

  it.each([3, 6])('that is refused with exit %i ends the run with it, and is tried once', async (code) => {
    const { clock, children, run } = givenSupervisor();

    await children.at(1).exits(code);

    expect(await run).toMatchObject({ exitCode: code, end: 'failed' });
    await clock.advance(120_000);
    expect(children.started).toHaveLength(1);
  });

  it('whose first process crashes does not keep the others waiting', async () => {
    const { children } = givenSupervisor();

    await children.at(1).exits(null, 'SIGKILL');

    expect(numbersOf(children)).toEqual([2, 3]);
  });
});

describe('a process that crashes', () => {
  it('is started again after 1, 2, 4… s, and after 1 s once it has run for a minute', async () => {
    const { clock, children } = await givenReading({ processes: 2 });
    const delays: number[] = [];
    const crash = async (): Promise<void> => {
      const { length } = children.started;
      await children.at(2).exits(null, 'SIGKILL');
      delays.push(await clock.until(() => children.started.length > length, 60_000, 100));
    };

    for (let crashes = 0; crashes < 7; crashes += 1) await crash();
    await clock.advance(60_000);
    await crash();

    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 1_000]);
    expect(children.started.filter(({ number }) => number === 1)).toHaveLength(1);
  });

  it('is logged with what ended it, and counted', async () => {
    const { clock, children, lines, supervisor } = await givenReading({ processes: 2 });
    await clock.advance(7_000);

    await children.at(2).exits(null, 'SIGKILL');

    expect(lines.filter(({ event }) => event === 'process.crashed')).toEqual([
      {
        event: 'process.crashed',
        process: 2,
        exitCode: undefined,
        signal: 'SIGKILL',
        reason: undefined,
        elapsedMs: 7_000,
        attempt: 1,
        delayMs: 1_000,
      },
    ]);
    await clock.advance(1_000);
    const view = supervisor.view();
    const metrics = view.metrics();
    await clock.advance(2_000);
    expect((await metrics).body).toContain('supersim_process_restarts_total{process="2",stream="events"} 1');
    expect((await metrics).body).toContain('supersim_process_restarts_total{process="1",stream="events"} 0');
  });

  it('is refused by AWS when it comes back, while another reads: it is tried again', async () => {
    const { clock, children, lines } = await givenReading({ processes: 2 });
    await children.at(2).exits(1);
    await clock.advance(1_000);
    await children.at(2).exits(6);

    await clock.advance(2_000);

    expect(numbersOf(children)).toEqual([1, 2]);
    expect(lines.map(({ event }) => event)).not.toContain('process.refused');
  });

  it('and then finds its table gone ends the run: the others are told, and its code is the run’s', async () => {
    const { clock, children, run } = await givenReading({ processes: 3 });
    await children.at(2).exits(1);
    await clock.advance(1_000);

    await children.at(2).exits(3);

    expect([children.at(1).told, children.at(3).told]).toEqual([[{ kind: 'stop' }], [{ kind: 'stop' }]]);
    await children.at(1).ends('stopped');
    await children.at(3).ends('stopped');
    expect(await run).toMatchObject({ exitCode: 3, end: 'failed' });
  });
});

describe('stop', () => {
  it('is told to each process once; the run ends with 0 and the sum of totals when all have ended', async () => {
    const { clock, children, supervisor, run } = await givenReading();

    supervisor.stop();
    supervisor.stop();

    for (const { told } of children.started) expect(told).toEqual([{ kind: 'stop' }]);
    for (const [index, process] of children.running.entries())
      await process.ends(
        'stopped',
        totalsOf({ read: index + 1, applied: index + 1, downloadBytes: 2n ** 60n }),
      );
    expect(await run).toEqual({
      exitCode: 0,
      end: 'stopped',
      totals: totalsOf({ read: 6, applied: 6, downloadBytes: 3n * 2n ** 60n }),
    });
    await clock.advance(0);
    expect(clock.pendingCount).toBe(0);
  });

  it('starts nobody again, neither who waits for it nor who crashes meanwhile', async () => {
    const { clock, children, supervisor, run } = await givenReading();
    const view = supervisor.view();
    await children.at(1).exits(1);

    supervisor.stop();
    await children.at(2).exits(null, 'SIGKILL');
    await children.at(3).ends('stopped');

    expect(await run).toMatchObject({ exitCode: 1, end: 'failed' });
    await clock.advance(120_000);
    expect(children.started).toHaveLength(3);
    expect((await view.metrics()).body).toContain(
      'supersim_process_restarts_total{process="1",stream="events"} 0',
    );
  });

  it('before the first process reads starts no others', async () => {
    const { children, supervisor, run } = givenSupervisor();

    supervisor.stop();
    await children.at(1).ends('stopped');

    expect(await run).toMatchObject({ exitCode: 0, end: 'stopped' });
    expect(children.started).toHaveLength(1);
  });

  it('kills who stands still 4 s beyond the grace, and the run has failed', async () => {
    const { clock, children, supervisor, run } = await givenReading({ processes: 2 });
    supervisor.stop();
    await children.at(1).ends('stopped');

    await clock.advance(GRACE_MS + 3_999);
    expect(children.at(2).isKilled).toBe(false);
    await clock.advance(1);

    expect([children.at(1).isKilled, children.at(2).isKilled]).toEqual([false, true]);
    expect(await run).toMatchObject({ exitCode: 1 });
  });

  it('kill is for all, at once', async () => {
    const { children, supervisor, run } = await givenReading();
    supervisor.stop();

    supervisor.kill();

    expect(children.started.every(({ isKilled }) => isKilled)).toBe(true);
    expect(await run).toMatchObject({ exitCode: 1 });
  });
});

describe('a drain', () => {
  it('ends with 0 when every process has drained', async () => {
    const { children, run } = await givenReading({ processes: 2, drain: true });

    await children.at(2).ends('drained', totalsOf({ read: 4, applied: 4 }));
    await children.at(1).ends('drained', totalsOf({ read: 5, applied: 5 }));

    expect(await run).toMatchObject({ exitCode: 0, end: 'drained', totals: { read: 9 } });
    expect(children.started).toHaveLength(2);
  });

  it('starts a crashed process again, which drains too', async () => {
    const { clock, children, run } = await givenReading({ processes: 2, drain: true });
    await children.at(1).ends('drained');
    await children.at(2).exits(null, 'SIGKILL');
    await clock.advance(1_000);

    await children.at(2).ends('drained');

    expect(await run).toMatchObject({ exitCode: 0, end: 'drained' });
  });

  it('fails when a shard waits for a person, though the others drain', async () => {
    const { children, run } = await givenReading({ processes: 2, drain: true });

    await children.at(1).ends('parked');
    await children.at(2).ends('drained');

    expect(await run).toMatchObject({ exitCode: 1, end: 'parked' });
  });
});

describe('the one endpoint', () => {
  it('is ready when all processes are, and names the one that is not', async () => {
    const { clock, children, supervisor } = givenSupervisor({ processes: 2 });
    const view = supervisor.view();
    expect(failing(view)).toEqual([
      { name: 'process-1', isOk: false, reason: 'starting' },
      { name: 'process-2', isOk: false, reason: 'waiting' },
    ]);

    await children.at(1).reports();
    await children.at(2).reports();
    expect(failing(view)).toEqual([]);

    await children.at(1).exits(null, 'SIGKILL');
    expect(failing(view)).toEqual([{ name: 'process-1', isOk: false, reason: 'restarting' }]);

    await clock.advance(1_000);
    await children.at(1).reports({ parked: 'shardId-000000000001' });
    expect(failing(view)).toEqual([
      { name: 'process-1/shards', isOk: false, reason: 'parked: shardId-000000000001' },
    ]);

    supervisor.stop();
    expect(failing(view)[0]).toEqual({ name: 'running', isOk: false, reason: 'draining' });
  });

  it('is alive while each process reports, and while one is away; a silent one is named after 30 s', async () => {
    const { clock, children, supervisor } = await givenReading({ processes: 2 });
    const view = supervisor.view();

    await clock.advance(30_000);
    await children.at(1).reports();
    expect(deadLoops(view)).toEqual([]);
    await clock.advance(1);
    expect(deadLoops(view)).toEqual(['process-2']);

    await children.at(2).exits(null, 'SIGKILL');
    expect(deadLoops(view)).toEqual([]);
  });

  it('is not alive when a process says that a loop of its own stands still', async () => {
    const { children, supervisor } = await givenReading({ processes: 2 });

    await children.at(2).reports({ isStuck: true });

    expect(deadLoops(supervisor.view())).toEqual(['process-2/worker']);
  });

  it('names the process with each trouble, the worst first, and forgets those of one that ended', async () => {
    const { children, supervisor } = await givenReading({ processes: 2 });
    const failing = { kind: 'aws-failing', subject: 'Kinesis', text: 'Kinesis is away', forMs: 5 } as const;
    const stuck = { ...failing, kind: 'shard-stuck', subject: 'shard-1' } as const;
    const view = supervisor.view();

    await children.at(1).reports({ troubles: [stuck] });
    await children.at(2).reports({ troubles: [failing] });

    expect(view.troubles()).toEqual([
      { ...failing, process: '2' },
      { ...stuck, process: '1' },
    ]);
    await children.at(2).exits(null, 'SIGKILL');
    expect(view.troubles()).toEqual([{ ...stuck, process: '1' }]);
  });

  it('shows one state: totals summed, each shard with its worker, each process with its restarts', async () => {
    const { clock, children, supervisor } = await givenReading({ processes: 3 });
    await children.at(3).exits(1);
    const view = supervisor.view();
    const asked = view.state();
    for (const process of children.running) {
      const { id } = process.told.at(-1) as { id: number };
      process.answers(id, {
        workerId: `w-${process.number}`,
        totals: totalsOf({ read: 2, ignored: 2 }),
        shards: [{ shardId: `shard-${process.number}` }],
      });
    }

    expect(await asked).toMatchObject({
      application: 'meter',
      stream: 'events',
      phase: 'running',
      totals: { read: 4, ignored: 4 },
      shards: [
        { shardId: 'shard-1', workerId: 'w-1' },
        { shardId: 'shard-2', workerId: 'w-2' },
      ],
      processes: [
        { process: 1, phase: 'reading', restarts: 0, workerId: 'w-1', totals: { read: 2 } },
        { process: 2, phase: 'reading', restarts: 0, workerId: 'w-2', totals: { read: 2 } },
        { process: 3, phase: 'restarting', restarts: 0, workerId: null, totals: null, pid: null },
      ],
    });
    await clock.advance(1_000);
    const later = view.state();
    await clock.advance(2_000);
    expect(await later).toMatchObject({ processes: [{}, {}, { restarts: 1, phase: 'starting' }] });
  });

  it('tells the page what each process that answers says of itself', async () => {
    const { children, supervisor } = await givenReading({ processes: 3 });
    await children.at(3).exits(1);
    const asked = supervisor.view().report();
    for (const process of children.running) {
      const { id } = process.told.at(-1) as { id: number };
      process.answers(id, [{ workerId: `w-${process.number}` }]);
    }

    expect(await asked).toEqual([{ workerId: 'w-1' }, { workerId: 'w-2' }]);
  });

  it('does not wait for a process that stands still', async () => {
    const { clock, children, supervisor } = await givenReading({ processes: 2 });
    const asked = supervisor.view().metrics();
    const { id } = children.at(1).told.at(-1) as { id: number };
    children.at(1).answers(id, '# HELP a A.\n# TYPE a gauge\na{process="1"} 1\n');

    expect(await clock.until(isDone(asked), 10_000)).toBe(2_000);
    const { body } = await asked;
    expect(body).toContain('a{process="1"} 1');
    expect(body).toContain('supersim_process_up{process="2",stream="events"} 1');
  });

  it('does not wait for a process that dies while it is asked', async () => {
    const { clock, children, supervisor } = await givenReading({ processes: 1 });
    const asked = supervisor.view().metrics();

    await children.at(1).exits(null, 'SIGKILL');

    expect(await clock.until(isDone(asked), 10_000)).toBe(0);
    expect((await asked).body).toContain('supersim_process_up{process="1",stream="events"} 0');
  });
});

function isDone(work: Promise<unknown>): () => boolean {
  let done = false;
  void work.then(() => {
    done = true;
  });
  return () => done;
}

it('what a process says after its end is for nobody', async () => {
  const { clock, children, supervisor } = await givenReading({ processes: 2 });
  const old = children.at(2);
  await old.exits(1);
  await clock.advance(1_000);

  await old.reports();
  await settle();

  expect(failing(supervisor.view())).toEqual([{ name: 'process-2', isOk: false, reason: 'starting' }]);
});
