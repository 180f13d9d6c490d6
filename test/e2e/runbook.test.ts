/** The runbook's commands, as they stand there, against a live fleet of one worker. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runnableCommands } from '../support/doc-commands.ts';
import { type Engines, startEngines, type World } from '../support/engines.ts';
import { until } from '../support/until.ts';
import { type CliProcess, runCli, startCli } from '../support/worker-process.ts';

const ROOT = join(import.meta.dirname, '../..');
const ADDRESS = '127.0.0.1:9464';

let engines: Engines;
let world: World;
let worker: CliProcess;
let folder: string;
let address: string;

async function freeAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

beforeAll(async () => {
  engines = await startEngines();
  world = await engines.world(2);
  folder = mkdtempSync(join(tmpdir(), 'runbook-'));
  const program = join(folder, 'supersim-meter');
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'dist/main.js')}" "$@"\n`);
  chmodSync(program, 0o755);
  const fleet = [
    '--devices',
    '3',
    '--hours',
    '3',
    '--start-at',
    'yesterday',
    '--lost-updates',
    '0.3',
    '--poison',
    '0.1',
  ];
  await runCli(['generate', ...fleet, '--put'], world.env);
  address = await freeAddress();
  worker = startCli(['run', '--http', address], world.env);
  await until(
    'the fleet’s records are read',
    20_000,
    async () => (await world.items('deadLetters')).length > 0,
  );
});
afterAll(async () => {
  worker?.child.kill('SIGKILL');
  await worker?.done;
  await engines?.stop();
  rmSync(folder, { recursive: true });
});

/** As a person types it, in one folder. */
function type(line: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn('bash', ['-c', line.replace(ADDRESS, address)], {
    cwd: folder,
    env: { ...world.env, PATH: `${folder}:${process.env['PATH']}`, HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, output }));
  });
}

describe('docs/runbook.md', () => {
  // What only looks is tried once.
  const commands = runnableCommands(join(ROOT, 'docs/runbook.md')).filter(
    ({ line }, at, all) => line.includes('--execute') || all.findIndex((other) => other.line === line) === at,
  );

  it('has commands', () => {
    expect(commands.length).toBeGreaterThan(30);
  });

  it.each(commands)('`$line` ends with $exitCode', async ({ line, exitCode }) => {
    const { code, output } = await type(line);

    expect({ code, output }).toEqual({ code: exitCode, output: expect.not.stringContaining('[usage]') });
  });

  it('leaves every event counted once', async () => {
    const counted = async () =>
      [...(await world.sessions()).values()].map((item) => item['event_count']).sort();
    const before = await counted();

    await type('supersim-meter replay --from TRIM_HORIZON --execute');

    expect(before.length).toBeGreaterThan(0);
    expect(await counted()).toEqual(before);
  });
});
