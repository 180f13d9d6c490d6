import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type EffectiveConfig, streamsOf } from '../config.ts';
import { MeterError } from '../errors.ts';
import { toJson } from '../json.ts';
import { DYNAMODB_ENGINES, type DynamoDbEngineName, startDynamoDb } from '../local/dynamodb-engine.ts';
import type { Engine } from '../local/engine-process.ts';
import { startKinesis } from '../local/kinesis-engine.ts';
import { createLocalClients, localEnvironment } from '../local/local-clients.ts';
import { provisionStream, provisionTables } from '../local/provision.ts';
import { tableDefinitions } from '../store/tables.ts';
import { addSettingFlags, configFrom, type SettingFlags } from './setting-flags.ts';

interface LocalOptions {
  readonly shards: string;
  readonly kinesisPort: string;
  readonly dynamodbPort: string;
  readonly engine: DynamoDbEngineName;
  readonly data?: string;
  readonly json?: boolean;
}

const whole = (text: string, name: string, max: number): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new MeterError('usage', `--${name} must be a whole number from 1 to ${max}, not "${text}".`);
};

/** Names that were chosen here must be the same in the other terminal. */
const settingsChosen = (entries: EffectiveConfig['entries']): Record<string, string> =>
  Object.fromEntries(
    entries.filter(({ source }) => source === 'flag').map(({ variable, text }) => [variable, text]),
  );

const untilSignal = (): Promise<void> =>
  new Promise((end) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => end());
  });

async function runLocal(options: LocalOptions & SettingFlags): Promise<void> {
  const { config, entries } = configFrom(options);
  const shards = whole(options.shards, 'shards', 500);
  const dataDir = options.data ? { dataDir: resolve(options.data) } : {};
  if (dataDir.dataDir) mkdirSync(dataDir.dataDir, { recursive: true });
  const ended = untilSignal();
  const engines: Engine[] = [];
  try {
    const kinesis = await startKinesis({
      port: whole(options.kinesisPort, 'kinesis-port', 65_535),
      ...dataDir,
    });
    engines.push(kinesis);
    const port = whole(options.dynamodbPort, 'dynamodb-port', 65_535);
    const dynamodb = await startDynamoDb({ engine: options.engine, port, ...dataDir });
    engines.push(dynamodb);
    const clients = createLocalClients({
      kinesisEndpoint: kinesis.endpoint,
      dynamodbEndpoint: dynamodb.endpoint,
    });
    for (const stream of streamsOf(config)) await provisionStream(clients.kinesis, { stream, shards });
    await provisionTables(clients.dynamodb, tableDefinitions(config));
    const environment = { ...localEnvironment(kinesis, dynamodb), ...settingsChosen(entries) };
    process.stderr.write(
      `${kinesis.name} at ${kinesis.endpoint}, ${dynamodb.name} at ${dynamodb.endpoint}\nstream ${config.stream}, tables ${tableDefinitions(
        config,
      )
        .map(({ name }) => name)
        .join(', ')}\n\nCopy this into another terminal; Ctrl-C here ends the engines:\n\n`,
    );
    const lines = Object.entries(environment).map(([name, value]) => `export ${name}=${value}`);
    process.stdout.write(`${options.json ? toJson(environment) : lines.join('\n')}\n`);
    await ended;
  } finally {
    await Promise.all(engines.map((engine) => engine.stop()));
  }
}

export function addLocalCommand(program: Command): void {
  addSettingFlags(
    program
      .command('local')
      .description('embedded Kinesis and DynamoDB on this machine, provisioned, until Ctrl-C')
      .option('--shards <count>', 'shards of the stream', '2')
      .option('--kinesis-port <port>', 'port of the embedded Kinesis', '4567')
      .option('--dynamodb-port <port>', 'port of the embedded DynamoDB', '8000')
      .addOption(
        new Option('--engine <name>', 'which DynamoDB engine').choices(DYNAMODB_ENGINES).default('auto'),
      )
      .option('--data <dir>', 'keep data here where the engine can; in memory by default')
      .option('--json', 'print the environment as one JSON object'),
    ['stream', 'application', 'tablePrefix'],
  ).action(runLocal);
}
