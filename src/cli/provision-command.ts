import type { Command } from 'commander';
import { createClients } from '../aws-clients.ts';
import { streamsOf } from '../config.ts';
import { explain } from '../explain-error.ts';
import { provisionStream, provisionTables } from '../local/provision.ts';
import { tableDefinitions } from '../store/tables.ts';
import { addSettingFlags, configFrom } from './setting-flags.ts';

export function addProvisionCommand(program: Command): void {
  addSettingFlags(
    program
      .command('provision')
      .description('create the tables and their index, for local work; production uses infrastructure code')
      .option('--shards <count>', 'also create the stream, with so many shards'),
    ['stream', 'application', 'tablePrefix'],
  ).action(async ({ shards, ...options }: Record<string, string>) => {
    const { config } = configFrom(options);
    const definitions = tableDefinitions(config);
    try {
      const { dynamodb, kinesis } = createClients();
      await provisionTables(dynamodb, definitions);
      const streams = shards ? streamsOf(config) : [];
      for (const stream of streams) await provisionStream(kinesis, { stream, shards: Number(shards) });
    } catch (error) {
      throw explain(error, 'creating tables');
    }
    process.stderr.write(`ready: ${definitions.map(({ name }) => name).join(', ')}\n`);
  });
}
