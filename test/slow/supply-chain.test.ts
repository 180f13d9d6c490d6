/** A clean clone installs without running anybody's install script, and works; what a worker needs is as small as it is
 *  said to be. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LIMITS } from '../support/locked-packages.ts';
import { lastJson } from '../support/worker-process.ts';

const ROOT = join(import.meta.dirname, '../..');
/** All that building, testing and running need. */
const PARTS = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'jest.config.js',
  'build',
  'src',
  'test',
];
const QUIET = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];

const execute = promisify(execFile);
/** Standard output; a failure shows both outputs. */
async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { npm_config_ignore_scripts: _, ...env } = process.env;
  try {
    const { stdout } = await execute(command, [...args], { cwd, env, maxBuffer: 100_000_000 });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'supersim-supply-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function givenClone(name: string, parts: readonly string[]): Promise<string> {
  const clone = join(folder, name);
  for (const part of parts) await cp(join(ROOT, part), join(clone, part), { recursive: true });
  return clone;
}

async function bytesIn(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

describe('npm ci --ignore-scripts', () => {
  it('gives all that building, unit tests and the demo need', async () => {
    const clone = await givenClone('clone', PARTS);
    await run('npm', ['ci', ...QUIET], clone);

    await run('npm', ['run', '-s', 'build'], clone);
    const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--selectProjects', 'unit'];
    await run(
      process.execPath,
      [...jest, '--', 'test/unit/decode', 'test/unit/reduce', 'test/unit/store'],
      clone,
    );
    const demo = await run(process.execPath, ['dist/main.js', 'demo', '--duration', '5', '--json'], clone);

    expect(lastJson(demo)).toMatchObject({ exact: true });
  });

  it('gives a worker its few packages, and they are enough', async () => {
    const clone = await givenClone('production', ['package.json', 'package-lock.json', 'dist']);
    await run('npm', ['ci', ...QUIET, '--omit=dev', '--omit=optional'], clone);

    const installed = await readFile(join(clone, 'node_modules/.package-lock.json'), 'utf8');
    const count = Object.keys((JSON.parse(installed) as { packages: object }).packages).length;
    const bytes = await bytesIn(join(clone, 'node_modules'));
    process.stdout.write(`a worker needs ${count} packages, ${(bytes / 1e6).toFixed(1)} MB installed\n`);
    expect(count).toBeLessThanOrEqual(LIMITS.packagesMax);
    expect(bytes).toBeLessThanOrEqual(LIMITS.installedBytesMax);
    expect(await run(process.execPath, ['dist/main.js', 'run', '--help'], clone)).toContain('--drain');
  });
});
