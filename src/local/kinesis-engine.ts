import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { MeterError } from '../errors.ts';
import { type Engine, freePort, onPort, startEngine } from './engine-process.ts';

const require = createRequire(import.meta.url);

export interface KinesisEngineOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Of HTTP/2 with TLS, by a certificate that nobody signed. Default: a free one. */
  readonly tlsPort?: number;
  /** Keeps streams here between starts; in memory by default. An absolute path. */
  readonly dataDir?: string;
}

/** Control-plane calls take 500 ms by default, so that clients see CREATING; here they should not wait. */
const AT_ONCE = '5ms';

function packageFolder(name: string): string {
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch (cause) {
    throw new MeterError(
      'engine-missing',
      `The embedded Kinesis engine is not installed. Run \`npm install ${name}\`.`,
      { cause },
    );
  }
}

/** Starts kinesis-mock, the engine inside LocalStack, as npm's `kinesis-local` brings it. It reads its
 *  certificate from its own folder, so it runs there.
 *  @throws MeterError `engine-missing`, `port-in-use` */
export const startKinesis = ({ port, ...options }: KinesisEngineOptions): Promise<Engine> =>
  onPort(port, (plainPort) => startOn(plainPort, options));

async function startOn(
  plainPort: number,
  { tlsPort, dataDir }: Omit<KinesisEngineOptions, 'port'>,
): Promise<Engine> {
  const cwd = packageFolder('kinesis-local');
  return startEngine({
    name: 'kinesis-local',
    command: process.execPath,
    args: ['main.js'],
    cwd,
    port: plainPort,
    env: {
      KINESIS_MOCK_PLAIN_PORT: String(plainPort),
      KINESIS_MOCK_TLS_PORT: String(tlsPort ?? (await freePort())),
      SHARD_LIMIT: '500',
      LOG_LEVEL: 'ERROR',
      ROOT_LOG_LEVEL: 'ERROR',
      CREATE_STREAM_DURATION: AT_ONCE,
      DELETE_STREAM_DURATION: AT_ONCE,
      SPLIT_SHARD_DURATION: AT_ONCE,
      MERGE_SHARDS_DURATION: AT_ONCE,
      UPDATE_SHARD_COUNT_DURATION: AT_ONCE,
      REGISTER_STREAM_CONSUMER_DURATION: AT_ONCE,
      ...(dataDir ? { SHOULD_PERSIST_DATA: 'true', PERSIST_PATH: dataDir, PERSIST_INTERVAL: '1s' } : {}),
    },
  });
}
