import type { Command } from 'commander';
import { toJson } from '../json.ts';
import { ALL_SETTINGS, addSettingFlags, configFrom } from './setting-flags.ts';

export function addConfigCommand(program: Command): void {
  const command = program
    .command('config')
    .description('print the settings in force and where each comes from')
    .option('--json', 'as one JSON object');
  addSettingFlags(command, ALL_SETTINGS).action((options) => {
    const { entries } = configFrom(options);
    if (options.json) {
      const settings = entries.map(({ name, variable, text, source }) => [
        name,
        { variable, value: text, source },
      ]);
      process.stdout.write(`${toJson(Object.fromEntries(settings))}\n`);
      return;
    }
    const width = Math.max(...entries.map(({ variable }) => variable.length));
    for (const { variable, text, source } of entries)
      process.stdout.write(`${variable.padEnd(width)}  ${(text || '""').padEnd(24)}  ${source}\n`);
  });
}
