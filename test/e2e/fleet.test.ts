/** A realistic fleet through real engines and several workers, against the fleet's own books. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compareStored } from '../../src/local/compare-stored.ts';
import { CANARY_PATTERNS } from '../../src/local/fleet-device.ts';
import type { GroundTruth } from '../../src/local/ground-truth.ts';
import { type Engines, startEngines, summaryOf } from '../support/engines.ts';
import { lastJson, runCli } from '../support/worker-process.ts';

let engines: Engines;
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(() => engines?.stop());

const expectNothingPersonal = (output: string): void => {
  for (const pattern of CANARY_PATTERNS) expect(output).not.toMatch(pattern);
};

describe('a generated fleet', () => {
  it('put and drained by the commands, on three shards and two workers, is stored as its books say', async () => {
    const world = await engines.world(3);
    const folder = await mkdtemp(join(tmpdir(), 'supersim-'));
    const [file, truthFile] = [join(folder, 'events.jsonl'), join(folder, 'truth.json')];
    const made = await runCli(
      [
        'generate',
        '--devices',
        '30',
        '--hours',
        '20',
        '--seed',
        '11',
        '--poison',
        '0.01',
        '--duplicates',
        '0.1',
        '--events-max',
        '2500',
        '--out',
        file,
        '--truth',
        truthFile,
        '--json',
      ],
      {},
    );
    expect(made.code).toBe(0);
    expect((await runCli(['put', '--file', file], world.env)).code).toBe(0);

    const finished = await Promise.all([world.drain(), world.drain()]);
    const summaries = finished.map(summaryOf);

    const truth = JSON.parse(await readFile(truthFile, 'utf8')) as GroundTruth;
    const total = (name: keyof (typeof summaries)[number]): number =>
      summaries.reduce((sum, summary) => sum + Number(summary[name]), 0);
    expect(compareStored(await world.stored(), truth)).toEqual([]);
    expect([total('applied'), total('ignored'), total('deadLettered')]).toEqual([
      truth.totals.distinct,
      truth.totals.ignored,
      truth.totals.poison,
    ]);
    expect(total('duplicate')).toBeGreaterThanOrEqual(truth.totals.duplicates);
    expect(lastJson(made.stdout)).toMatchObject({ distinct: truth.totals.distinct });
    const listed = await runCli(['sessions', 'list'], world.env);
    const simSid = Object.values(truth.sessions)[0]?.sim_sid ?? '';
    const ofSim = await runCli(['sessions', 'list', '--sim', simSid, '--json'], world.env);
    expect(ofSim.stdout.trim().split('\n')).toHaveLength(
      Object.values(truth.sessions).filter(({ sim_sid: sid }) => sid === simSid).length,
    );
    const exported = await runCli(['export', 'sessions'], world.env);
    expect(exported.stdout.trim().split('\n')).toHaveLength(Object.keys(truth.sessions).length);
    expectNothingPersonal(
      [...finished, made, listed].map(({ stdout, stderr }) => stdout + stderr).join('\n'),
    );
  });
});

describe('the demo', () => {
  it('ends with a verdict that is exact, as its last line, and exit 0', async () => {
    const { code, stdout, stderr } = await runCli(['demo', '--duration', '8', '--json', '--seed', '7'], {});

    const verdict = lastJson(stdout) as Record<'events' | 'bytes' | 'usage', Record<string, number>>;
    expect([code, verdict]).toMatchObject([
      0,
      { exact: true, workers: 4, killed: 1, sessions: expect.any(Number), shards: expect.any(Number) },
    ]);
    const { read, applied, duplicates, ignored, deadLettered } = verdict.events;
    expect(read).toBe((applied ?? 0) + (duplicates ?? 0) + (ignored ?? 0) + (deadLettered ?? 0));
    expect(verdict.events['stored']).toBe(verdict.events['distinct']);
    for (const { stored, expected } of [verdict.bytes, verdict.usage]) {
      expect(stored).toBe(expected);
      expect(expected).toBeGreaterThan(0);
    }
    expectNothingPersonal(stdout + stderr);
  });
});
