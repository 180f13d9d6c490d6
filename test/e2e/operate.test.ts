/** What somebody who runs a fleet asks from the command line, and the answers: docs/cli.md. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { putRecords } from '../../src/local/put-records.ts';
import { systemClock, systemRandom } from '../../src/time.ts';
import { type Engines, startEngines, summaryOf, type World } from '../support/engines.ts';
import { sessionData, twilio } from '../support/stream-records.ts';
import { until } from '../support/until.ts';
import { type Finished, runCli, startCli } from '../support/worker-process.ts';

let engines: Engines;
let world: World;
beforeAll(async () => {
  engines = await startEngines();
  world = await engines.world(2);
  const fleet = ['--devices', '4', '--hours', '4', '--start-at', 'yesterday', '--poison', '0.1'];
  await runCli(['generate', ...fleet, '--put'], world.env);
  summaryOf(await world.drain());
});
afterAll(() => engines?.stop());

type Line = Readonly<Record<string, unknown>>;
const ask = (...args: readonly string[]): Promise<Finished> => runCli(args, world.env);
async function linesOf(...args: readonly string[]): Promise<Line[]> {
  const { stdout } = await ask(...args, '--json');
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
}

/** Runs a command on a terminal of its own, types `keys` once it has drawn something, and returns what it drew. */
async function onTerminal(args: string, env: Readonly<Record<string, string>>, keys = ''): Promise<Finished> {
  const main = join(import.meta.dirname, '../../dist/main.js');
  const command = `stty cols 80 rows 24; "${process.execPath}" "${main}" ${args}`;
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', TERM: 'xterm', ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  const done = new Promise<Finished>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr: '' }));
  });
  if (keys) {
    await until('something is drawn', 20_000, () => stdout.includes('ends'));
    child.stdin.write(keys);
  }
  return done;
}

describe('how far behind is it, and who reads it?', () => {
  it('lag says it of one shard or all, the slowest in its first line', async () => {
    const caughtUp = await ask('lag');
    const one = await ask('lag', '1');

    expect([caughtUp.code, caughtUp.stdout.split('\n')[0]]).toEqual([
      0,
      '0.0 s behind: caught up; 2 shards, 0 workers, 2 read by nobody',
    ]);
    expect(one.stdout).toMatch(/\nshardId-000000000001 +- +0\.0 s +free +\d+\n$/);
    expect(await ask('lag', '7')).toMatchObject({ code: 4, stderr: expect.stringContaining('leases --all') });
  });

  it('lag --fail-over ends with 5 when it is more, naming the owner', async () => {
    const behind = await engines.world(1);
    const worker = startCli(['run', '--worker-id', 'worker-a'], behind.env);
    await until(
      'the shard is taken',
      20_000,
      async () => (await behind.items('leases'))[0]?.['leaseOwner'] === 'worker-a',
    );
    worker.child.kill('SIGKILL');
    await worker.done;
    const data = new TextEncoder().encode(twilio(sessionData('waiting', 1)));
    const deps = { kinesis: engines.clients.kinesis, clock: systemClock, random: systemRandom };
    await putRecords(deps, behind.stream, [{ partitionKey: 'x', data }]);
    await systemClock.sleep(1_100);

    const gate = await runCli(['lag', '--fail-over', '1s', '--json'], behind.env);
    const patient = await runCli(['lag', '--fail-over', '1h'], behind.env);

    expect(gate.code).toBe(5);
    expect(JSON.parse(gate.stdout.split('\n')[0] ?? '')).toMatchObject({ kind: 'shard', owner: 'worker-a' });
    expect(patient).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('read by worker-a; 1 shard, 1 worker'),
    });
  });

  it('top shows the fleet once where no terminal is, and live on one, until q', async () => {
    const snapshot = await ask('top');
    const live = await onTerminal('top', world.env, 'q');

    expect(snapshot).toMatchObject({ code: 0, stdout: expect.stringContaining('2 read by nobody') });
    expect(live.code).toBe(0);
    expect(live.stdout).toMatch(/shardId-000000000001 +free[\s\S]*q or Ctrl-C ends/);
  });
});

describe('what did a SIM use yesterday?', () => {
  it('usage says it, and what its sessions counted', async () => {
    const sessions = await linesOf('sessions', 'list');
    const sim = String(sessions[0]?.['sim_sid']);
    const ofSim = await linesOf('sessions', 'list', '--sim', sim);
    const sum = (lines: readonly Line[], name: string): number =>
      lines.reduce((total, line) => total + Number(line[name]), 0);

    const days = await linesOf('usage', sim);
    const hours = await linesOf('usage', sim, '--by', 'hour', '--from', 'yesterday');
    const table = await ask('usage', sim, '--from', 'yesterday', '--to', 'today');

    expect(sum(days, 'downloadBytes')).toBe(sum(ofSim, 'counted_download_bytes'));
    expect(sum(days, 'totalBytes')).toBeGreaterThan(0);
    expect(sum(hours, 'totalBytes')).toBe(sum(days, 'totalBytes'));
    expect(table.stdout).toContain(Number(days[0]?.['totalBytes']).toLocaleString('en-US'));
    expect(await ask('usage', sim, '--from', '400d', '--to', '399d')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('no usage'),
    });
    expect(await linesOf('sims', 'get', sim)).toMatchObject([{ sim_sid: sim, schema_version: 1 }]);
  });

  it('asked by ICCID says that it takes sids, and repeats nothing', async () => {
    for (const command of [['usage'], ['sims', 'get'], ['sessions', 'list', '--sim']]) {
      const { code, stderr } = await ask(...command, '89883079992101480503');
      expect([code, stderr.includes('HS and 32 hex digits'), stderr.includes('8988')]).toEqual([
        2,
        true,
        false,
      ]);
    }
    expect(await ask('sims', 'get', `HS${'0'.repeat(32)}`)).toMatchObject({ code: 4 });
    expect(await ask('usage')).toMatchObject({ code: 2 });
  });
});

describe('which records were refused, and why?', () => {
  it('dead-letters reasons counts them and says it in words', async () => {
    const letters = await linesOf('dead-letters');
    const reasons = await linesOf('dead-letters', 'reasons');

    const counts = new Map(reasons.map(({ reason, letters: count }) => [reason, count]));
    expect(letters.length).toBeGreaterThan(3);
    for (const { reason } of letters)
      expect(counts.get(reason)).toBe(letters.filter((letter) => letter['reason'] === reason).length);
    expect((await ask('dead-letters', 'reasons')).stdout).toContain('no JSON, or cut short');
    expect((await ask('dead-letters')).stderr).toContain('dead-letters reasons');
  });
});

describe('on a terminal', () => {
  it('tables fit it, and colours obey NO_COLOR', async () => {
    const sessions = await onTerminal('sessions list', world.env);
    const coloured = await onTerminal('doctor', world.env);
    const plain = await onTerminal('doctor', { ...world.env, NO_COLOR: '1' });

    const widths = sessions.stdout
      .split('\r\n')
      .filter((line) => line.startsWith('PI'))
      .map(({ length }) => length);
    expect([widths.length > 3, Math.max(...widths) <= 80]).toEqual([true, true]);
    expect(sessions.stdout).toContain('no room for');
    expect([coloured.stdout.includes('\u001b[33mwarn'), plain.stdout.includes('\u001b[')]).toEqual([
      true,
      false,
    ]);
    expect([coloured.code, plain.code]).toEqual([0, 0]);
  });
});
