/** `reconcile` and `gaps` as commands, on items as the worker stores them. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { provisionTables } from '../../src/local/provision.ts';
import { DynamoDeadLetterStore } from '../../src/store/dead-letters.ts';
import { systemClock, systemRandom } from '../../src/time.ts';
import { type Engines, startEngines, type World } from '../support/engines.ts';
import { type Finished, runCli } from '../support/worker-process.ts';

let engines: Engines;
let folder: string;
beforeAll(async () => {
  engines = await startEngines();
  folder = await mkdtemp(join(tmpdir(), 'reconcile-'));
});
afterAll(async () => {
  await engines?.stop();
  await rm(folder, { recursive: true });
});

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const sim = (name: string): string => `HS${md5(name)}`;
const ACCOUNT = `AC${md5('account')}`;
const DAY = '2026-03-01';
const at = (hour: string): string => `${DAY}T${hour}:00.000Z`;
const ALWAYS = { account_sid: ACCOUNT, version: 1, schema_version: 1, updated_at: at('23:00') };

async function givenWorld(): Promise<World> {
  const world = await engines.world(1);
  // The worker's own table of usage, by its contract.
  await provisionTables(engines.clients.dynamodb, [
    {
      name: `${world.naming.tablePrefix}-usage`,
      key: ['sim_sid', 'day_fleet'],
      indexes: { 'by-fleet': ['fleet_sid', 'day'] },
    },
  ]);
  return world;
}

const put = (world: World, table: string, item: Record<string, unknown>) =>
  engines.clients.data.send(
    new PutCommand({ TableName: `${world.naming.tablePrefix}-${table}`, Item: { ...ALWAYS, ...item } }),
  );

const putSession = (world: World, name: string, changes: Record<string, unknown> = {}) =>
  put(world, 'sessions', {
    data_session_sid: `PI${md5(name)}`,
    sim_sid: sim(name),
    status: 'ended',
    started_at: at('00:30'),
    ended_at: at('09:30'),
    usage_through: at('09:30'),
    download_bytes: 0,
    upload_bytes: 0,
    total_bytes: 0,
    counted_download_bytes: 0,
    counted_upload_bytes: 0,
    missing_bytes: 0,
    event_count: 1,
    update_count: 1,
    dedup: Uint8Array.of(0),
    ...changes,
  });

type Hours = Readonly<Record<string, number | bigint>>;

/** Hours' downloads of one SIM, half of it on each of two networks. */
const putUsage = (world: World, name: string, hours: Hours, fleet = '-') =>
  put(world, 'usage', {
    sim_sid: sim(name),
    day_fleet: `${DAY}#${fleet}`,
    day: DAY,
    download_bytes: 0,
    upload_bytes: 0,
    total_bytes: 0,
    hours: Object.fromEntries(
      Object.entries(hours).map(([hour, bytes]) => {
        const half = BigInt(bytes) / 2n;
        const lines = { 'super|310-260|US': half, 'ota.super|-|': BigInt(bytes) - half };
        return [
          hour,
          Object.fromEntries(Object.entries(lines).map(([line, down]) => [line, { down, up: 0n }])),
        ];
      }),
    ),
    dedup: Uint8Array.of(0),
  });

const record = (name: string, hour: string, bytes: number | string, billed = 1) => ({
  sim_sid: sim(name),
  period: {
    start_time: `${DAY}T${hour}:00:00Z`,
    end_time: `${DAY}T${String(Number(hour) + 1).padStart(2, '0')}:00:00Z`,
  },
  data_upload: 0,
  data_download: bytes,
  data_total: bytes,
  data_total_billed: billed,
});
const fileOf = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
};

const linesOf = ({ stdout }: Finished): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('reconcile', () => {
  let world: World;
  let file: string;
  const run = (...args: string[]): Promise<Finished> =>
    runCli(['reconcile', '--usage-records', file, ...args], world.env);
  const found = (finished: Finished): unknown[] =>
    linesOf(finished)
      .filter(({ kind }) => kind === 'difference')
      .map((row) => [
        row['sim_sid'],
        (row['period'] as { start_time: string }).start_time.slice(11, 13),
        row['difference_bytes'],
        row['reason'],
      ]);

  beforeAll(async () => {
    world = await givenWorld();
    await putSession(world, 'whole');
    await putUsage(world, 'whole', { '01': 1_000, '02': 0 }, `HF${md5('fleet')}`);
    await putUsage(world, 'whole', { '01': 1, '03': 9007199254740993n });
    await putSession(world, 'edge');
    await putUsage(world, 'edge', { '01': 900, '02': 600, '03': 10 });
    await putSession(world, 'lost', { missing_bytes: 300 });
    await putUsage(world, 'lost', { '01': 10, '02': 200, '03': 10 });
    await putSession(world, 'open', { status: 'open', ended_at: undefined, usage_through: at('02:30') });
    await putUsage(world, 'open', { '01': 10 });
    await putSession(world, 'late', { ended_at: at('01:20'), usage_through: at('01:20') });
    await putUsage(world, 'late', { '01': 10 });
    await putSession(world, 'more');
    await putUsage(world, 'more', { '01': 10, '02': 77 });
    await putSession(world, 'odd');
    await putUsage(world, 'odd', { '01': 10, '02': 10, '03': 10 });
    await putSession(world, 'unnamed');
    await putUsage(world, 'unnamed', { '02': 5 });

    const page = {
      usage_records: [
        record('whole', '01', 1_001),
        record('whole', '03', '9007199254740993'),
        record('edge', '01', 1_000),
        record('edge', '02', 500),
        record('edge', '03', 10),
        record('lost', '01', 10),
        record('lost', '02', 500),
        record('lost', '03', 10),
        record('open', '01', 10),
        record('open', '02', 60),
        record('late', '01', 10),
        record('late', '03', 40),
        record('more', '01', 10),
        record('odd', '01', 10),
        record('odd', '02', 14),
        record('odd', '03', 10),
        record('stranger', '02', 3),
      ],
    };
    file = await fileOf('hours.json', JSON.stringify(page));
  });

  const PLANTED = [
    [sim('edge'), '01', -100, 'edge-window'],
    [sim('edge'), '02', 100, 'edge-window'],
    [sim('lost'), '02', -300, 'missing-events'],
    [sim('open'), '02', -60, 'open-session'],
    [sim('late'), '03', -40, 'not-metered-yet'],
    [sim('more'), '02', 77, 'extra'],
    [sim('odd'), '02', -4, 'unexplained'],
    [sim('stranger'), '02', -3, 'unknown-sim'],
  ];
  const inOrder = (rows: unknown[]): unknown[] => rows.map(String).sort();

  it('finds exactly the planted differences, each with its reason, and exits 7', async () => {
    const finished = await run('--json');

    expect(finished).toMatchObject({ code: 7, stderr: '' });
    expect(inOrder(found(finished))).toEqual(inOrder(PLANTED));
    expect(linesOf(finished).at(-1)).toMatchObject({
      kind: 'summary',
      sims: 8,
      periods: 24,
      differences: 8,
      beyond_tolerance: 8,
      reasons: {
        'edge-window': { periods: 2, difference_bytes: 0 },
        extra: { periods: 1, difference_bytes: 77 },
      },
    });
  });

  it('prints a table of what differs; equal hours too when asked', async () => {
    const [some, all] = await Promise.all([run(), run('--all')]);

    expect(some.stdout).toMatch(/^sim +hour \(UTC\) +vendor bytes +our bytes +difference +reason +because\n/);
    expect(some.stdout).toMatch(
      /2026-03-01T02:00 +500 +200 +-300 {2}missing-events +session PI\w+ misses 300 bytes\n/,
    );
    expect(some.stdout.trim().split('\n')).toHaveLength(9);
    expect(some.stderr).toContain('8 beyond tolerance');
    expect(all.stdout.trim().split('\n')).toHaveLength(25);
    expect(all.stdout).toMatch(/9007199254740993 +9007199254740993 +0 {2}equal\n/);
  });

  it('exits 0 when all is within the tolerance or accepted, and still lists it', async () => {
    const tolerant = await run('--tolerance-bytes', '100', '--accept', 'missing-events');
    const byPercent = await run(
      '--tolerance-percent',
      '50',
      '--accept',
      'open-session,not-metered-yet,extra,unknown-sim,missing-events',
    );

    expect(tolerant).toMatchObject({ code: 0, stderr: expect.stringContaining('0 beyond tolerance') });
    expect(tolerant.stdout).toContain('(within tolerance)');
    expect(byPercent).toMatchObject({ code: 0 });
  });

  it('finds SIMs that the vendor does not name only when asked, and the time the files leave out', async () => {
    const finished = await run(
      '--json',
      '--all-sims',
      '--from',
      `${DAY}T00:00:00Z`,
      '--to',
      `${DAY}T05:00:00Z`,
    );

    expect(inOrder(found(finished))).toEqual(inOrder([...PLANTED, [sim('unnamed'), '02', 5, 'extra']]));
    expect(linesOf(finished).at(-1)).toMatchObject({ sims: 9, periods: 45 });
  });

  it('takes days as CSV, several files, and a record twice', async () => {
    const header = 'sim_sid,start_time,end_time,data_upload,data_download';
    const rows = ['edge', 'lost'].map(
      (name, n) => `${sim(name)},${DAY}T00:00:00Z,2026-03-02T00:00:00Z,0,${n === 0 ? 1510 : 520}`,
    );
    const one = await fileOf('one.csv', [header, ...rows].join('\n'));
    const two = await fileOf('two.csv', [header, rows[0]].join('\r\n'));

    const finished = await runCli(['reconcile', '--usage-records', one, two, '--json'], world.env);

    expect(finished).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('1 record(s) came more than once'),
    });
    expect(found(finished)).toEqual([[sim('lost'), '00', -300, 'missing-events']]);
  });

  it('refuses files and flags that are wrong, and compares nothing', async () => {
    const broken = await fileOf('broken.json', `${JSON.stringify(record('edge', '01', 'many'))}\n{}`);
    const latin = join(folder, 'latin.csv');
    await writeFile(latin, Buffer.from('sim_sid,größe\n', 'latin1'));

    const wrong = await runCli(['reconcile', '--usage-records', broken, latin], world.env);
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain('broken.json, line 1: data_download is no whole number');
    expect(wrong.stderr).toContain('broken.json, line 2: sim_sid is missing');
    expect(wrong.stderr).toContain('latin.csv: is not UTF-8');
    expect(wrong.stderr).toContain('[file-invalid]');
    for (const args of [
      ['--tolerance-bytes', '-1'],
      ['--tolerance-percent', '101'],
      ['--accept', 'all'],
      ['--from', `${DAY}T02:00:00Z`],
      ['--to', `${DAY}T05:30:00Z`],
    ])
      expect([args, (await run(...args)).code]).toEqual([args, 2]);
    expect(await runCli(['reconcile', '--usage-records', join(folder, 'none')], world.env)).toMatchObject({
      code: 2,
    });
  });
});

describe('gaps', () => {
  it('has none where all is whole, and exits 0', async () => {
    const world = await givenWorld();
    await putSession(world, 'whole');

    expect(await runCli(['gaps'], world.env)).toMatchObject({ code: 0, stdout: '', stderr: 'no gaps\n' });
  });

  it('lists missing bytes, silent open sessions and recorded stream gaps, and exits 7', async () => {
    const world = await givenWorld();
    await putSession(world, 'whole');
    await putSession(world, 'lost', { missing_bytes: 9007199254740993n });
    await putSession(world, 'silent', { status: 'open', ended_at: undefined });
    const recent = new Date(systemClock.wallMs() - 120_000).toISOString();
    await putSession(world, 'alive', { status: 'open', ended_at: undefined, usage_through: recent });
    const letters = new DynamoDeadLetterStore({
      client: engines.clients.data,
      tableName: world.names.deadLetters,
      clock: systemClock,
      random: systemRandom,
      keepDays: 30,
      gzip: gzipSync,
      sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    });
    const letter = {
      shardId: 'shardId-000000000001',
      arrivedAtMs: systemClock.wallMs(),
      index: -1,
      reason: 'gap',
    };
    const went = new TextEncoder().encode('49600000000000000000000000000000000000000000000000000099');
    await letters.put(
      [
        { ...letter, sequenceNumber: '4960', raw: went },
        { ...letter, sequenceNumber: '4970', raw: new Uint8Array() },
        { ...letter, sequenceNumber: '4980', index: 0, reason: 'not-json', raw: went },
      ],
      new AbortController().signal,
    );

    const [text, finished, patient] = await Promise.all([
      runCli(['gaps'], world.env),
      runCli(['gaps', '--json', '--stale-after', '1m'], world.env),
      runCli(['gaps', '--stale-after', 'soon'], world.env),
    ]);

    expect(text).toMatchObject({
      code: 7,
      stderr: '1 session(s) with missing bytes, 1 stale, 2 stream gap(s)\n',
    });
    expect(text.stdout).toMatch(
      /^missing-bytes {2}PI\w+ {2}HS\w+ {2}9007199254740993 bytes missing, counted through 2026-03-01T09:30/m,
    );
    expect(patient).toMatchObject({ code: 2, stderr: expect.stringContaining('90s, 60min, 4h or 2d') });
    expect(finished.code).toBe(7);
    const rows = linesOf(finished);
    const ofKind = (kind: string) => rows.filter((row) => row['kind'] === kind);
    expect(ofKind('missing-bytes')).toMatchObject([{ sim_sid: sim('lost'), usage_through: at('09:30') }]);
    expect(
      ofKind('stale-session')
        .map((row) => row['sim_sid'])
        .sort(),
    ).toEqual([sim('silent'), sim('alive')].sort());
    expect(ofKind('stream-gap')).toMatchObject([
      {
        shard_id: 'shardId-000000000001',
        after_sequence_number: '4960',
        first_sequence_number: new TextDecoder().decode(went),
      },
      { after_sequence_number: '4970', first_sequence_number: null },
    ]);
  });
});
