import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { createClients } from '../aws-clients.ts';
import { onlyStreamOf } from '../config.ts';
import { explain } from '../explain-error.ts';
import { type OutgoingRecord, putRecords } from '../local/put-records.ts';
import { systemClock, systemRandom } from '../time.ts';
import { addSettingFlags, configFrom } from './setting-flags.ts';

const CHUNK_RECORDS = 1_000;

/** Events of one session land in different shards, as with the vendors: any key will do. */
const randomKey = (): string => Buffer.from(systemRandom.bytes(8)).toString('hex');

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The input's lines as bytes: what is not UTF-8 must go in as it is. Empty lines are left out. */
export async function* byteLines(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  const trimmed = (line: Buffer): Buffer => (line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line);
  for await (const chunk of input) {
    let bytes = Buffer.concat([rest, chunk]);
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED)) {
      const line = trimmed(bytes.subarray(0, end));
      if (line.length > 0) yield line;
      bytes = bytes.subarray(end + 1);
    }
    rest = bytes;
  }
  if (trimmed(rest).length > 0) yield trimmed(rest);
}

async function putFile(options: { file: string; stream?: string; partitionKey?: string }): Promise<void> {
  const { config } = configFrom(options.stream === undefined ? {} : { stream: options.stream });
  const stream = onlyStreamOf(config);
  const deps = { kinesis: createClients().kinesis, clock: systemClock, random: systemRandom };
  let chunk: OutgoingRecord[] = [];
  let count = 0;
  const flush = async (): Promise<void> => {
    await putRecords(deps, stream, chunk);
    count += chunk.length;
    chunk = [];
  };
  for await (const line of byteLines(options.file === '-' ? process.stdin : createReadStream(options.file))) {
    chunk.push({ partitionKey: options.partitionKey ?? randomKey(), data: line });
    if (chunk.length >= CHUNK_RECORDS) await flush();
  }
  await flush();
  process.stderr.write(`put ${count} record(s) into ${stream}\n`);
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
      throw explain(error, 'putting records', 'stream-missing');
    }
  });
}
