/** The package as others get it: packed, laid out in a fresh project, checked by publint and are-the-types-wrong, and
 *  used in TypeScript and in plain JavaScript. The programs are the examples of docs/downstream.md. Asks no registry:
 *  the dependencies are linked from here, and only those that the reader may have. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BatchWriteCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startDynamoDb } from '../../src/local/dynamodb-engine.ts';
import type { Engine } from '../../src/local/engine-process.ts';
import { createLocalClients } from '../../src/local/local-clients.ts';
import { provisionTables } from '../../src/local/provision.ts';
import {
  definitionsOf,
  FLEET,
  HUGE,
  openSessionItem,
  type PlainItem,
  PREFIX,
  SIM,
  sessionItem,
  simItem,
  usageItem,
} from '../support/reader-items.ts';

const ROOT = join(import.meta.dirname, '../..');
const EXAMPLES = join(ROOT, 'docs/examples');
const BILLING_TABLE = 'billing';
const COMPILER_OPTIONS = {
  target: 'es2022',
  lib: ['es2023'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
};

const execute = promisify(execFile);
/** Standard output; a failure shows both outputs. */
async function run(args: readonly string[], cwd: string, env: Record<string, string> = {}): Promise<string> {
  try {
    const { stdout } = await execute(process.execPath, [...args], { cwd, env: { ...process.env, ...env } });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`node ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}
const tool = (name: string): string => join(ROOT, 'node_modules/.bin', name);

let folder: string;
let tarball: string;
let project: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'supersim-package-'));
  const { stdout } = await execute(
    'npm',
    ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder],
    {
      cwd: ROOT,
    },
  );
  tarball = join(folder, stdout.trim().split('\n').at(-1) ?? '');

  project = join(folder, 'project');
  const modules = join(project, 'node_modules');
  await mkdir(join(modules, 'supersim-meter'), { recursive: true });
  await execute('tar', ['-xzf', tarball, '-C', join(modules, 'supersim-meter'), '--strip-components=1']);
  for (const name of ['@aws-sdk', '@types', 'zod'])
    await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  await cp(EXAMPLES, project, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the packed package', () => {
  it('passes publint', async () => {
    expect(await run([tool('publint'), 'run', '--strict', tarball], folder)).toContain('All good!');
  });

  it('has types that every ESM consumer resolves, as are-the-types-wrong sees it', async () => {
    await run([tool('attw'), tarball, '--profile', 'esm-only', '--no-color'], folder);
  });

  it('has declarations that TypeScript before 5.7 reads: no generic buffers, no .ts', async () => {
    const declarations = join(project, 'node_modules/supersim-meter/dist/reader');
    for (const name of (await readdir(declarations)).filter((file) => file.endsWith('.d.ts'))) {
      const text = (await readFile(join(declarations, name), 'utf8')).replace(/\/\*[\s\S]*?\*\//g, '');
      expect([name, /Uint8Array<|from '[^']+\.ts'/.exec(text)?.[0]]).toEqual([name, undefined]);
    }
  });

  it('shows nothing but its door', async () => {
    const look = (name: string) =>
      run(['--input-type=module', '-e', `await import('supersim-meter${name}')`], project);
    await look('/reader');
    await expect(look('')).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED');
    await expect(look('/dist/main.js')).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});

const compile = async (resolution: 'nodenext' | 'bundler', file: string): Promise<void> => {
  const compilerOptions = {
    ...COMPILER_OPTIONS,
    module: resolution === 'bundler' ? 'esnext' : 'nodenext',
    moduleResolution: resolution,
    outDir: `out-${resolution}`,
  };
  const config = join(project, `tsconfig.${resolution}.json`);
  await writeFile(config, JSON.stringify({ compilerOptions, files: [file] }));
  await run([tool('tsc'), '-p', config], project);
};

describe.each(['nodenext', 'bundler'] as const)(
  'a strict TypeScript project that resolves by %s',
  (resolution) => {
    it('compiles against it, library declarations included', async () => {
      await compile(resolution, 'usage.ts');
    });

    it('is told of its mistakes', async () => {
      await writeFile(
        join(project, 'mistake.ts'),
        `import { createReader, parseSession, type Session } from 'supersim-meter/reader';
       const session: Session = parseSession({});
       export const wrong: number = session.total_bytes;
       export const missing = createReader({ tablePrefix: 'x' });`,
      );
      await expect(compile(resolution, 'mistake.ts')).rejects.toThrow(
        /mistake\.ts\(3,.*'bigint' is not assignable to type 'number'[\s\S]*mistake\.ts\(4,.*/,
      );
    });
  },
);

describe('the examples of docs/downstream.md, on an embedded DynamoDB', () => {
  let engine: Engine;
  let clients: ReturnType<typeof createLocalClients>;
  let env: Record<string, string>;

  const put = (table: string, items: readonly PlainItem[]) =>
    clients.data.send(
      new BatchWriteCommand({ RequestItems: { [table]: items.map((Item) => ({ PutRequest: { Item } })) } }),
    );

  beforeAll(async () => {
    engine = await startDynamoDb({ engine: 'auto' });
    clients = createLocalClients({ dynamodbEndpoint: engine.endpoint });
    env = {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
      SUPERSIM_TABLE_PREFIX: PREFIX,
      BILLING_TABLE,
    };
    await provisionTables(clients.dynamodb, [
      ...definitionsOf(PREFIX),
      { name: BILLING_TABLE, key: ['data_session_sid'], indexes: {} },
    ]);
    await put(`${PREFIX}-sessions`, [sessionItem(1, { total_bytes: HUGE }), openSessionItem(2)]);
    await put(`${PREFIX}-sims`, [simItem()]);
    await put(`${PREFIX}-usage`, [
      usageItem('2026-11-23', { '23': { 'super|310-260|US': { down: HUGE, up: 0n } } }),
      usageItem('2026-11-24', {
        '00': { 'super|310-260|US': { down: 1n, up: 2n }, 'ota.super|310-410|US': { down: 4n, up: 0n } },
      }),
    ]);
  });
  afterAll(async () => {
    clients?.dynamodb.destroy();
    clients?.kinesis.destroy();
    await engine?.stop();
  });

  it('usage.ts, compiled, prints a fleet’s days', async () => {
    await compile('nodenext', 'usage.ts');

    const printed = await run(['out-nodenext/usage.js', FLEET, '2026-11-23', '2026-11-25'], project, env);

    expect(printed.trim().split('\n')).toEqual([
      `2026-11-23: ${HUGE} bytes, 0 of the SIM's own updates, on 1 networks`,
      "2026-11-24: 3 bytes, 4 of the SIM's own updates, on 2 networks",
    ]);
  });

  it('sessions.js, plain JavaScript, prints a SIM’s sessions and state', async () => {
    const printed = await run(['sessions.js', SIM, '2026-11-24', '2026-11-25'], project, env);

    expect(printed.trim().split('\n')).toEqual([
      '2026-11-24T00:00:00.002Z open 110 bytes',
      `2026-11-24T00:00:00.001Z ended ${HUGE} bytes`,
      'now online, 2 attachments rejected so far',
    ]);
  });

  it('lambda.js adds up what sessions grew by, once, although records come twice', async () => {
    const states = [
      openSessionItem(1, { total_bytes: 0n, download_bytes: 0n, upload_bytes: 0n, version: 1n }),
      openSessionItem(1, { total_bytes: 110n, version: 2n }),
      sessionItem(1, { total_bytes: HUGE, download_bytes: HUGE - 10n, version: 3n }),
    ].map((item) => marshall({ ...item, dedup: 'AQID' }));
    const Records = states.map((NewImage, at) => ({
      eventID: `event-${at}`,
      eventName: at === 0 ? 'INSERT' : 'MODIFY',
      dynamodb: { NewImage, ...(at === 0 ? {} : { OldImage: states[at - 1] }) },
    }));
    await writeFile(join(project, 'event.json'), JSON.stringify({ Records }));
    const deliver = `import { readFileSync } from 'node:fs';
      import { handler } from './lambda.js';
      const event = JSON.parse(readFileSync('event.json', 'utf8'));
      await handler(event);
      await handler(event);`;

    await run(['--input-type=module', '-e', deliver], project, env);

    const { Items = [] } = await clients.data.send(new ScanCommand({ TableName: BILLING_TABLE }));
    expect(Items.map((item) => [String(item['billed_bytes'].value), item['fleet_sid']])).toEqual([
      [String(HUGE), FLEET],
    ]);
  });
});
