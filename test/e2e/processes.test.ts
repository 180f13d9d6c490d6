/** `run --processes N`: real processes, on real engines. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { putRecords } from '../../src/local/put-records.ts';
import { systemClock, systemRandom } from '../../src/time.ts';
import { type Engines, startEngines, summaryOf, type World } from '../support/engines.ts';
import { sessionData, twilio } from '../support/stream-records.ts';
import { until } from '../support/until.ts';
import { type CliProcess, lastJson, runCli, startCli } from '../support/worker-process.ts';

const SHARDS = 4;
const SESSIONS = 8;
const WITHIN_MS = 30_000;

let engines: Engines;
const runs: SupervisedRun[] = [];
beforeAll(async () => {
  engines = await startEngines();
});
afterEach(() => {
  for (const run of runs.splice(0)) run.end();
});
afterAll(() => engines?.stop());

/** Events `from` to `to`, one window each, and every third once more. */
async function put(world: World, from: number, to: number): Promise<void> {
  const texts = Array.from({ length: to - from + 1 }, (_, index) => {
    const n = from + index;
    const text = twilio(sessionData(`side by side ${n % SESSIONS}`, n));
    return n % 3 === 0 ? [text, text] : [text];
  }).flat();
  await putRecords(
    { kinesis: engines.clients.kinesis, clock: systemClock, random: systemRandom },
    world.stream,
    texts.map((text, index) => ({ partitionKey: `key ${index}`, data: new TextEncoder().encode(text) })),
  );
}

interface State {
  readonly shards: readonly { readonly workerId: string; readonly state: string }[];
  readonly processes: readonly {
    readonly process: number;
    readonly phase: string;
    readonly pid: number;
    readonly restarts: number;
    readonly workerId: string;
  }[];
}

/** A supervisor, seen from outside. */
class SupervisedRun {
  readonly cli: CliProcess;

  constructor(env: Readonly<Record<string, string>>, args: readonly string[] = []) {
    this.cli = startCli(['run', '--processes', '2', '--json', ...args], {
      ...env,
      SUPERSIM_HTTP: '127.0.0.1:0',
      SUPERSIM_WORKER_ID: 'side',
    });
    runs.push(this);
  }

  /** Of every process it ever started. */
  get pids(): readonly number[] {
    return [...this.cli.output().matchAll(/"event":"process\.started".*?"pid":(\d+)/g)].map(([, pid]) =>
      Number(pid),
    );
  }

  get alive(): readonly number[] {
    return this.pids.filter((pid) => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    });
  }

  async get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const address = /"event":"http\.listening".*?"address":"([^"]+)"/.exec(this.cli.output())?.[1];
    if (!address) return { status: 0, body: '' };
    const response = await fetch(`http://${address}${path}`);
    return { status: response.status, body: await response.text() };
  }

  async state(): Promise<State> {
    return JSON.parse((await this.get('/state')).body) as State;
  }

  /** Both processes read, and each has its share of the shards. */
  async untilShared(what: string): Promise<State> {
    let state: State | undefined;
    await until(
      `ready and shared after ${what}`,
      WITHIN_MS,
      async () => {
        if ((await this.get('/readyz')).status !== 200) return false;
        state = await this.state();
        const shares = state.processes.map(
          ({ workerId }) => state?.shards.filter((shard) => shard.workerId === workerId).length,
        );
        return shares.every((share) => share === SHARDS / 2);
      },
      () => `${JSON.stringify(state)}\n${this.cli.output()}`,
    );
    return state as State;
  }

  /** Outputs that are closed have nobody left; whoever inherits the dead may take a while to bury them. */
  async untilNobodyIsLeft(): Promise<void> {
    await until('nobody is left', WITHIN_MS, () => this.alive.length === 0);
  }

  end(): void {
    for (const pid of [this.cli.child.pid ?? 0, ...this.alive]) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
  }
}

const ownersOf = async (world: World): Promise<unknown[]> =>
  (await world.items('leases')).flatMap(({ leaseOwner }) => (leaseOwner === undefined ? [] : [leaseOwner]));
const eventsIn = async (world: World): Promise<number> =>
  (await world.items('sessions')).reduce((sum, item) => sum + Number(item['event_count']), 0);

describe('two processes under a supervisor', () => {
  it('share the stream; one that is killed comes back, and the numbers are exact', async () => {
    const world = await engines.world(SHARDS);
    const run = new SupervisedRun(world.env);
    const before = await run.untilShared('the start');
    expect(before.processes.map(({ workerId }) => workerId)).toEqual(['side-1', 'side-2']);
    await put(world, 1, 200);
    const victim = before.processes[1]?.pid ?? 0;

    process.kill(victim, 'SIGKILL');
    await put(world, 201, 400);
    await until('the restart shows', WITHIN_MS, async () => (await run.get('/readyz')).status === 503);
    expect((await run.get('/livez')).status).toBe(200);

    const after = await run.untilShared('the restart');
    expect(after.processes.map(({ restarts }) => restarts)).toEqual([0, 1]);
    expect(after.processes[0]?.pid).toBe(before.processes[0]?.pid);
    expect((await run.get('/metrics')).body).toContain(
      `supersim_process_restarts_total{process="2",stream="${world.stream}"} 1`,
    );
    await until('all is stored', WITHIN_MS, async () => (await eventsIn(world)) === 400);
    run.cli.child.kill('SIGTERM');
    expect(await run.cli.done).toMatchObject({ code: 0, stderr: '' });
    expect([run.pids.length, run.alive, await ownersOf(world)]).toEqual([3, [], []]);
    const calm = await engines.undisturbed(world);
    expect(summaryOf(await calm.drain())).toMatchObject({ applied: 400, duplicate: 133 });
    expect(await world.sessions()).toEqual(await calm.sessions());
  });

  it('end in good order when the supervisor is killed', async () => {
    const world = await engines.world(SHARDS);
    const run = new SupervisedRun(world.env);
    await run.untilShared('the start');

    run.cli.child.kill('SIGKILL');

    const { stdout } = await run.cli.done;
    expect(stdout.match(/"event":"supervisor\.lost"/g)).toHaveLength(2);
    expect(await ownersOf(world)).toEqual([]);
    await run.untilNobodyIsLeft();
  });

  it('end once, in good order, when a terminal signals them and the supervisor alike', async () => {
    const world = await engines.world(SHARDS);
    const run = new SupervisedRun(world.env);
    await run.untilShared('the start');

    for (const pid of run.alive) process.kill(pid, 'SIGINT');
    run.cli.child.kill('SIGINT');

    expect(await run.cli.done).toMatchObject({ code: 0 });
    expect([run.pids.length, run.alive, await ownersOf(world)]).toEqual([2, [], []]);
  });

  it('are killed by the second signal, even one that stands still', async () => {
    const world = await engines.world(SHARDS);
    const run = new SupervisedRun(world.env);
    const { processes } = await run.untilShared('the start');
    process.kill(processes[0]?.pid ?? 0, 'SIGSTOP');

    run.cli.child.kill('SIGTERM');
    await until('the other ends', WITHIN_MS, () => run.alive.length === 1);
    run.cli.child.kill('SIGTERM');

    expect(await run.cli.done).toMatchObject({ code: 143 });
    await run.untilNobodyIsLeft();
  });
});

describe('--drain with two processes', () => {
  it('ends with 0 when both have drained; the totals are those of both', async () => {
    const world = await engines.world(SHARDS);
    await put(world, 1, 300);

    const run = new SupervisedRun(world.env, ['--drain']);
    const finished = await run.cli.done;

    expect(finished.code).toBe(0);
    expect(lastJson(finished.stdout)['end']).toBe('drained');
    const summary = summaryOf(finished);
    expect([summary.applied, await eventsIn(world), run.alive]).toEqual([300, 300, []]);
  });
});

describe('a start that cannot succeed', () => {
  it('is said once, and its exit code is the run’s', async () => {
    const world = await engines.world(1);

    const { code, stderr, stdout } = await runCli(['run', '--processes', '3'], {
      ...world.env,
      SUPERSIM_STREAM: 'no-such-stream',
    });

    expect([code, stderr.match(/\[stream-missing\]/g)?.length]).toEqual([3, 1]);
    expect(stdout.match(/"event":"process\.started"/g)).toHaveLength(1);
  });
});
