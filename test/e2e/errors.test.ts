/** What a user sees who has something wrong: one sentence that says what to do, and an exit code. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Engines, startEngines, type World } from '../support/engines.ts';
import { runCli } from '../support/worker-process.ts';

let engines: Engines;
let world: World;
beforeAll(async () => {
  engines = await startEngines();
  world = await engines.world(1);
});
afterAll(() => engines?.stop());

const without = (name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(world.env).filter(([key]) => key !== name));

describe('the worker refuses to start', () => {
  it('without a region', async () => {
    const { code, stderr } = await runCli(['run', '--drain'], without('AWS_REGION'));

    expect([code, stderr]).toEqual([3, expect.stringContaining('Set AWS_REGION')]);
  });

  it('without credentials', async () => {
    const { code, stderr } = await runCli(['run', '--drain'], {
      ...without('AWS_ACCESS_KEY_ID'),
      AWS_EC2_METADATA_DISABLED: 'true',
    });

    expect([code, stderr]).toEqual([6, expect.stringContaining('No AWS credentials')]);
  });

  it('on a stream that is not there', async () => {
    const { code, stderr } = await runCli(['run', '--drain', '--stream', 'nowhere'], world.env);

    expect([code, stderr]).toEqual([3, expect.stringContaining('There is no stream "nowhere"')]);
  });

  it('without its tables, naming all that are missing', async () => {
    const { code, stderr } = await runCli(['run', '--drain', '--table-prefix', 'nothing'], world.env);

    expect(code).toBe(3);
    for (const table of ['nothing-sessions', 'nothing-dedup', 'nothing-dead-letters'])
      expect(stderr).toContain(table);
    expect(stderr).toContain('provision');
  });

  it('with settings that are wrong, naming all problems at once', async () => {
    const { code, stderr } = await runCli(['run'], {
      ...world.env,
      SUPERSIM_FAILOVER_TIME_MS: 'soon',
      SUPERSIM_STREEM: 'x',
      SUPERSIM_ACCOUNTS: 'me',
    });

    expect(code).toBe(3);
    for (const name of ['SUPERSIM_FAILOVER_TIME_MS', 'SUPERSIM_STREEM', 'SUPERSIM_ACCOUNTS', '3 problem'])
      expect(stderr).toContain(name);
  });

  it('when nothing answers at the endpoint', async () => {
    const { code, stderr } = await runCli(['run', '--drain'], {
      ...world.env,
      AWS_ENDPOINT_URL_KINESIS: 'http://127.0.0.1:9',
    });

    expect([code, stderr]).toEqual([6, expect.stringContaining('could not be reached')]);
  });
});

describe('a command', () => {
  it('that is unknown or wrongly used exits 2 and points to the help', async () => {
    expect(await runCli(['rum'], {})).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean run?'),
    });
    expect(await runCli(['put'], {})).toMatchObject({ code: 2, stderr: expect.stringContaining('--help') });
  });

  it.each([
    'run',
    'local',
    'demo',
    'provision',
    'generate',
    'put',
    'sessions',
    'export',
    'reconcile',
    'gaps',
    'leases',
    'lag',
    'top',
    'doctor',
    'usage',
    'sims',
    'completion',
    'health',
    'config',
  ])('%s has help', async (command) => {
    expect(await runCli([command, '--help'], {})).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Usage:'),
    });
  });

  it('for a session that is not there exits 4', async () => {
    expect(await runCli(['sessions', 'get', 'PI0'], world.env)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('sessions list'),
    });
  });

  it('config shows each value with where it comes from', async () => {
    const { stdout } = await runCli(['config', '--stream', 'mine', '--json'], { SUPERSIM_LOG_LEVEL: 'warn' });

    expect(JSON.parse(stdout)).toMatchObject({
      stream: { value: 'mine', source: 'flag' },
      logLevel: { value: 'warn', source: 'environment' },
      application: { value: 'supersim-meter', source: 'default' },
    });
  });
});
