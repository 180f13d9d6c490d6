import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { createClients } from '../aws-clients.ts';
import { MeterError } from '../errors.ts';
import { explain } from '../explain-error.ts';
import { type OutgoingRecord, putRecords } from '../local/put-records.ts';
import { systemClock, systemRandom } from '../time.ts';
import { addSettingFlags, configFrom } from './setting-flags.ts';

const CHUNK_RECORDS = 1_000;
const utf8 = new TextEncoder();

/** Events of one session land in different shards, as with the vendors: any key will do. */
const randomKey = (): string => Buffer.from(systemRandom.bytes(8)).toString('hex');

async function putFile(options: { file: string; stream?: string; partitionKey?: string }): Promise<void> {
  const { config } = configFrom(options.stream === undefined ? {} : { stream: options.stream });
  const deps = { kinesis: createClients().kinesis, clock: systemClock, random: systemRandom };
  const input = options.file === '-' ? process.stdin : createReadStream(options.file);
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  let chunk: OutgoingRecord[] = [];
  let count = 0;
  const flush = async (): Promise<void> => {
    await putRecords(deps, config.stream, chunk);
    count += chunk.length;
    chunk = [];
  };
  for await (const line of lines) {
    if (line === '') continue;
    chunk.push({ partitionKey: options.partitionKey ?? randomKey(), data: utf8.encode(line) });
    if (chunk.length >= CHUNK_RECORDS) await flush();
  }
  await flush();
  process.stderr.write(`put ${count} record(s) into ${config.stream}\n`);
}

export function addPutCommand(program: Command): void {
  addSettingFlags(
    program
      .command('put')
      .description(
        'put the lines of a file into the stream, one record each; a line that is not JSON goes in as it is',
      )
      .requiredOption('--file <path>', 'the file; - is standard input')
      .option(
        '--partition-key <key>',
        'one key for all, so that all go into one shard; default: a random key each',
      ),
    ['stream'],
  ).action(async (options) => {
    try {
      await putFile(options);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT')
        throw new MeterError('usage', `There is no file ${options.file}.`);
      throw explain(error, 'putting records');
    }
  });
}
