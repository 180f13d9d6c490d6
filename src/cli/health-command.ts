import type { Command } from 'commander';
import { MeterError } from '../errors.ts';
import { checkHealth } from '../ops/check-health.ts';
import { systemClock } from '../time.ts';
import { EXIT } from './exit-codes.ts';
import { addSettingFlags, configFrom } from './setting-flags.ts';

export function addHealthCommand(program: Command): void {
  addSettingFlags(
    program
      .command('health')
      .description('ask the worker on this machine whether it is alive; for container health checks'),
    ['http'],
  ).action(async (options) => {
    const { config } = configFrom(options);
    if (config.http === '')
      throw new MeterError('usage', 'Give the worker’s address: --http 127.0.0.1:9464, or SUPERSIM_HTTP.');
    const { ok, body } = await checkHealth(config.http, systemClock);
    process.stdout.write(`${body.trim()}\n`);
    process.exitCode = ok ? EXIT.ok : EXIT.failed;
  });
}
