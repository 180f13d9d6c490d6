/** What others' code comes in with ours, and how: docs/supply-chain.md. Asks no registry. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { isOptional, isShipped, LIMITS, lockedPackages, titleOf } from '../support/locked-packages.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const docs = read('docs/supply-chain.md');

/** May be shipped with a program under Apache-2.0 without further duties than naming them. */
const LICENCES = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT'];
/** Each lets its user choose among what is above. */
const CHOICES = ['(MIT OR Apache-2.0)', 'MIT OR Apache-2.0'];
/** For tests and for the embedded engine; each works without its script. */
const WITH_SCRIPTS = ['@parcel/watcher', '@swc/core', 'classic-level', 'unrs-resolver'];

describe('the lock file', () => {
  const packages = lockedPackages();

  it('names each package by its content', () => {
    expect(packages.filter(({ integrity }) => !integrity?.startsWith('sha512-')).map(titleOf)).toEqual([]);
  });

  it('has all of package.json in it', () => {
    const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
    const names = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((kind) =>
      Object.keys(manifest[kind] ?? {}),
    );
    const locked = new Set(packages.map(({ path }) => path));
    expect(names.filter((name) => !locked.has(`node_modules/${name}`))).toEqual([]);
  });

  it('ships nothing under a licence that is not on the list', () => {
    const allowed = new Set([...LICENCES, ...CHOICES]);
    const others = packages.filter((each) => isShipped(each) && !allowed.has(each.license ?? 'none'));
    expect(others.map((each) => `${titleOf(each)}: ${each.license}`)).toEqual([]);
  });

  it('has install scripts only where they are known to be needless, and none in what a worker needs', () => {
    const withScripts = packages.filter(({ hasInstallScript }) => hasInstallScript);
    expect(withScripts.map(({ name }) => name).sort()).toEqual(WITH_SCRIPTS);
    expect(withScripts.filter((each) => isShipped(each) && !isOptional(each))).toEqual([]);
  });

  it(`needs at most ${LIMITS.packagesMax} packages for a worker, as the docs say`, () => {
    const needed = packages.filter((each) => isShipped(each) && !isOptional(each));
    expect(needed.length).toBeLessThanOrEqual(LIMITS.packagesMax);
    expect(docs).toContain(`| packages of a worker, its embedded engines left out | ${needed.length} |`);
    expect(docs).toContain(`| the same with the embedded engines | ${packages.filter(isShipped).length} |`);
  });
});

describe('docs/supply-chain.md', () => {
  it('lists the allowed licences', () => {
    for (const licence of LICENCES) expect(docs).toContain(`\`${licence}\``);
  });

  it('names the commit of each action that the workflows use', () => {
    for (const { action, commit, version } of actions())
      expect(docs).toContain(`| \`${action}\` | ${version} | \`${commit}\` |`);
  });
});

it('LocalStack is one version: the image by its digest, the one without Docker, and the one that is written about', () => {
  const [, version = '?'] = /^localstack-core==(\S+)$/m.exec(read('localstack/host/requirements.txt')) ?? [];

  const image = new RegExp(`localstack/localstack:${version.replaceAll('.', '\\.')}@sha256:[0-9a-f]{64}`);
  const [named] = image.exec(read('localstack/compose.yaml')) ?? [];
  expect([version, named]).toEqual([version, expect.stringMatching(image)]);
  expect(read('localstack/README.md')).toContain(named);
});

const WORKFLOWS = readdirSync(join(ROOT, '.github/workflows')).map((name) => ({
  name,
  text: read(`.github/workflows/${name}`),
}));

function actions() {
  return WORKFLOWS.flatMap(({ text }) =>
    [...text.matchAll(/uses: (\S+?)@(\S+) *(?:# (\S+))?/g)].map(
      ([, action = '', commit = '', version = '']) => ({
        action,
        commit,
        version,
      }),
    ),
  );
}

describe('the workflows', () => {
  it('name each action by a commit, and say its version', () => {
    expect(actions().length).toBeGreaterThan(5);
    for (const { action, commit, version } of actions())
      expect([action, commit, version]).toEqual([
        action,
        expect.stringMatching(/^[0-9a-f]{40}$/),
        expect.stringMatching(/^v\d+\.\d+\.\d+$/),
      ]);
  });

  it.each(WORKFLOWS)(
    '$name gives no job more than reading, unless it says so, and each a time limit',
    ({ text }) => {
      expect(text).toMatch(/^permissions:\n {2}contents: read$/m);
      const jobs = text.slice(text.indexOf('\njobs:')).match(/^ {2}[a-z-]+:$/gm) ?? [];
      expect(text.match(/^ {4}timeout-minutes: \d+$/gm) ?? []).toHaveLength(jobs.length);
      expect(text).not.toMatch(/pull_request_target|secrets\./);
    },
  );

  it('check with each Node what .ci/run checks', () => {
    const ci = WORKFLOWS.find(({ name }) => name === 'ci.yml')?.text ?? '';
    const matrix = ci.slice(ci.indexOf('  node:'), ci.indexOf('  gate:'));
    expect(matrix).toContain('node: [20, 22, 24]');
    const own = [...matrix.matchAll(/- run: (.+)/g)].map(([, command]) => command as string);
    const gate = [...read('.ci/run').matchAll(/^step (.+)$/gm)].map(([, command]) => command as string);
    const plain = (command: string): string => command.replace(' --ignore-scripts', '');
    expect(own.length).toBeGreaterThan(4);
    expect(own.filter((command) => !gate.map(plain).includes(plain(command)))).toEqual([]);
    expect(ci).toContain('- run: bash .ci/run');
  });
});
