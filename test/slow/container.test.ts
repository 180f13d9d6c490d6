/** The image, as far as it can be proved without a container engine: its own stages are run, what they make is the whole
 *  file system of a worker that may write nowhere, and that worker does the main job. docs/container.md says what has
 *  been tried with engines. */
import { execFile, spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { variableOf } from '../../src/config.ts';
import { SETTINGS } from '../../src/settings.ts';
import { DockerfileRun, type ImageConfig, instructionsIn } from '../support/dockerfile.ts';

const execute = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const DOCKERFILE = join(ROOT, 'infra/Dockerfile');
const CONFINED = join(ROOT, 'test/support/confined-worker.sh');
/** Node and its libraries come with the base. */
const OWN_FILES_MIB_MAX = 40;
const HEAP_MIB = 256;

let folder = '';
let run: DockerfileRun;
let image: ImageConfig;
let root = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'supersim-image-'));
  await chmod(folder, 0o755);
  run = new DockerfileRun(ROOT, folder, await readFile(`${DOCKERFILE}.dockerignore`, 'utf8'));
  image = await run.run(DOCKERFILE);
  root = run.folderOf('run');
  await addBase(root);
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What stands for the base image: this Node, the libraries that it loads, and the two files that name users. */
async function addBase(to: string): Promise<void> {
  const { stdout } = await execute('ldd', [process.execPath]);
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => [path, path]);
  for (const [from = '', path = ''] of [[process.execPath, '/nodejs/bin/node'], ...libraries]) {
    await mkdir(join(to, dirname(path)), { recursive: true });
    await copyFile(from, join(to, path));
  }
  for (const name of ['proc', 'tmp', 'etc']) await mkdir(join(to, name), { recursive: true });
  await chmod(join(to, 'tmp'), 0o1777);
  await writeFile(join(to, 'etc/passwd'), 'nonroot:x:65532:65532::/:/sbin/nologin\n');
  await writeFile(join(to, 'etc/group'), 'nonroot:x:65532:\n');
}

/** As the task definition of infra/ gives it; the image's own share of memory needs the Node of its base. */
const environment = (): Record<string, string> => ({
  ...image.env,
  NODE_OPTIONS: `--max-semi-space-size=16 --max-old-space-size=${HEAP_MIB}`,
});

async function bytesIn(path: string): Promise<number> {
  const files = await readdir(path, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => stat(join(file.parentPath, file.name))),
  );
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

describe('the image', () => {
  it('is of bases named by digest, runs as nobody, and starts the worker without a shell', async () => {
    const froms = instructionsIn(await readFile(DOCKERFILE, 'utf8')).filter(({ word }) => word === 'FROM');

    for (const { text } of froms) expect(text).toMatch(/^\$\{(BUILD|RUN)_IMAGE\}@\$\{\1_DIGEST\} AS /);
    expect(image).toMatchObject({
      user: '65532:65532',
      workdir: '/app',
      entrypoint: ['/nodejs/bin/node', 'dist/main.js'],
      command: ['run'],
      healthcheck: ['/nodejs/bin/node', 'dist/main.js', 'health'],
    });
    const known = new Set(Object.keys(SETTINGS).map(variableOf));
    for (const name of Object.keys(image.env).filter((variable) => variable.startsWith('SUPERSIM_')))
      expect(known).toContain(name);
  });

  it(`holds what runs and nothing else: at most ${OWN_FILES_MIB_MAX} MiB beside Node`, async () => {
    const app = join(root, 'app');
    const packages = await readdir(join(app, 'node_modules'));
    const mib = (await bytesIn(app)) / 2 ** 20;

    for (const absent of [
      'typescript',
      'jest',
      'kinesis-local',
      'dynalite',
      '@dynoxide',
      '@swc',
      'aws-cdk-lib',
    ])
      expect(packages).not.toContain(absent);
    expect((await readdir(app)).sort()).toEqual([
      'dist',
      'node_modules',
      'package-lock.json',
      'package.json',
      'sbom.cdx.json',
    ]);
    expect(mib).toBeLessThan(OWN_FILES_MIB_MAX);
  });

  it('lists its packages in an SBOM', async () => {
    const app = join(root, 'app');
    const sbom = JSON.parse(await readFile(join(app, 'sbom.cdx.json'), 'utf8')) as {
      readonly bomFormat: string;
      readonly components: readonly { readonly name: string; readonly version: string }[];
    };
    const installed = JSON.parse(await readFile(join(app, 'node_modules/.package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<Record<string, { readonly version: string }>>;
    };
    const listed = new Set(sbom.components.map(({ name, version }) => `${name}@${version}`));
    const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 13);

    expect(sbom.bomFormat).toBe('CycloneDX');
    for (const [path, { version }] of Object.entries(installed.packages))
      expect(listed).toContain(`${nameOf(path)}@${version}`);
  });

  it('does the main job as an unprivileged user, on a file system that can only be read, in 256 MiB of heap', async () => {
    const probe = `const fs = require('node:fs');
      const refused = (path) => { try { fs.writeFileSync(path, ''); return 'written'; } catch (error) { return error.code; } };
      const status = fs.readFileSync('/proc/self/status', 'utf8');
      console.log(JSON.stringify({
        uid: process.getuid(),
        capabilities: /CapEff:\\s*(\\w+)/.exec(status)[1],
        noNewPrivileges: /NoNewPrivs:\\s*(\\d)/.exec(status)[1],
        writes: ['/app/x', '/tmp/x', '/x'].map(refused),
        root: fs.readdirSync('/app').sort(),
        heapMib: require('node:v8').getHeapStatistics().heap_size_limit / 2 ** 20,
      }));`;
    const { stdout } = await execute(CONFINED, [root, '/nodejs/bin/node', '-e', probe], {
      env: { ...process.env, ...environment() },
    });
    const seen = JSON.parse(stdout) as { readonly heapMib: number; readonly capabilities: string };
    expect(seen).toMatchObject({
      writes: ['EROFS', 'EROFS', 'EROFS'],
      noNewPrivileges: '1',
      root: expect.arrayContaining(['dist']),
    });
    // Without root's help it is root in a namespace of its own, and nobody outside.
    if (process.getuid?.() === 0)
      expect(seen).toMatchObject({ uid: 65_532, capabilities: '0000000000000000' });
    expect(seen.heapMib).toBeLessThanOrEqual(HEAP_MIB + 48);

    const suite = await runSuite('test/e2e/main-job');

    if (suite.code !== 0) throw new Error(`the suite failed:\n${suite.output.slice(-8_000)}`);
    expect(suite.output).toMatch(/Tests: +\d+ passed, \d+ total/);
  });
});

/** A suite of `test/e2e`, with the image's worker. */
async function runSuite(file: string): Promise<{ readonly code: number | null; readonly output: string }> {
  // Several workers at once, on one machine's ports.
  const { SUPERSIM_HTTP: _, ...shared } = environment();
  const variables = Object.entries(shared).map(([name, value]) => `${name}=${value}`);
  const child = spawn('npm', ['run', '-s', 'jest', '--', '--selectProjects', 'e2e', '--', file], {
    cwd: ROOT,
    env: {
      ...process.env,
      METER_COMMAND: JSON.stringify(['env', ...variables, CONFINED, root, ...image.entrypoint]),
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}
