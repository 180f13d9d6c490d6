/** docs/metrics.md is held equal to the code: every series with its type and labels, every CloudWatch metric. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { EMF_METRICS } from '../../../src/ops/emf-lines.ts';
import { TROUBLE_KINDS } from '../../../src/ops/troubles.ts';
import { allSeries } from '../../support/all-series.ts';

const ROOT = join(import.meta.dirname, '../../..');
const text = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8');
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()));
const codesIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

/** Labels that say of whom or what a SIM, a session or an account is have no place here. */
const LABELS = [
  'anomaly',
  'change',
  'direction',
  'error',
  'from',
  'kind',
  'major',
  'minor',
  'node',
  'outcome',
  'patch',
  'process',
  'reason',
  'service',
  'shard',
  'space',
  'state',
  'type',
  'version',
];

describe('docs/metrics.md', () => {
  it('lists every series with its type and its labels, and no other', async () => {
    const documented = rows
      .filter(([, , type = '']) => ['gauge', 'counter', 'histogram'].includes(type))
      .map(([, name, type, labels]) => `${codesIn(name)[0]} ${type} ${codesIn(labels).join()}`);
    const coded = (await allSeries()).map(({ name, type, labels }) => `${name} ${type} ${labels.join()}`);

    expect(documented.sort()).toEqual(coded.sort());
  });

  it('lists every CloudWatch metric with its unit, in the order of the line', () => {
    const documented = rows
      .filter(([, , unit = '']) => ['Milliseconds', 'Count', 'Bytes'].includes(unit))
      .map(([, name, unit]) => [codesIn(name)[0], unit]);

    expect(documented).toEqual(EMF_METRICS);
    expect(text).toContain(`(${EMF_METRICS.length})`);
  });

  it('lists every kind of trouble', () => {
    const from = text.indexOf('| kind | when |');
    const kinds = [...text.slice(from).matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, kind]) => kind);

    expect(kinds).toEqual([...TROUBLE_KINDS]);
  });

  it('names elsewhere only series that there are', async () => {
    const names = new Set((await allSeries()).map(({ name }) => name));
    const mentioned = [...text.matchAll(/`((?:supersim|process|nodejs)_[a-z0-9_]+)/g)].map(
      ([, name = '']) => name,
    );

    expect(mentioned.filter((name) => !names.has(name))).toEqual([]);
  });
});

const documents = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((file) => `docs/${file}`)].filter(
  (path) => path.endsWith('.md'),
);

describe('every document', () => {
  it.each(documents)('%s names only series that there are', async (path) => {
    const names = (await allSeries()).map(({ name }) => name);
    const mentioned = [...readFileSync(join(ROOT, path), 'utf8').matchAll(/supersim_[a-z_]+[a-z]/g)];
    const parts = /_(bucket|sum|count)$/;

    expect(
      mentioned
        .map(([name]) => name)
        .filter((name) => !names.includes(name) && !names.includes(name.replace(parts, ''))),
    ).toEqual([]);
  });
});

describe('the series', () => {
  it('have no label beyond a known few, none of which names a SIM, a session or an account', async () => {
    const labels = new Set((await allSeries()).flatMap(({ labels }) => labels));

    expect([...labels].sort()).toEqual(LABELS);
  });

  it('are named as Prometheus wants it: counters end in _total, our times in _seconds', async () => {
    for (const { name, type } of await allSeries()) {
      if (type === 'counter') expect(name).toMatch(/_total$/);
      if (name.startsWith('supersim_')) expect(name).not.toMatch(/_(ms|millis|minutes|kb|mb)(_|$)/);
    }
  });

  it('all have a text of help', async () => {
    for (const { name, help } of await allSeries()) expect([name, help.length > 4]).toEqual([name, true]);
  });
});
