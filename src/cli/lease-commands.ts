import type { Command } from 'commander';
import { addExecuteFlag } from './execute-flag.ts';
import { listLeases } from './leases-list.ts';
import { releaseLeases } from './leases-release.ts';
import { resetLease } from './leases-reset.ts';
import { exportLeases, importLeases } from './leases-transfer.ts';
import { aboutLeases } from './open-leases.ts';
import { addSettingFlags } from './setting-flags.ts';

const WATCH = ['--watch-ms <ms>', 'time between the two looks; default: 0.4 of the failover time'] as const;

function addWriting(leases: Command): void {
  addSettingFlags(
    addExecuteFlag(
      leases
        .command('release [shards...]')
        .description(
          'make leases nobody’s, so that other workers take them at once; a preview without --execute',
        )
        .option('--owner <worker>', 'all unfinished leases of this worker instead')
        .option('--json', 'as JSON lines'),
    ),
    ['application'],
  ).action(aboutLeases(releaseLeases));
  addSettingFlags(
    addExecuteFlag(
      leases
        .command('reset <shard>')
        .description('move a shard’s checkpoint, also backwards; a preview without --execute')
        .requiredOption(
          '--to <position>',
          'TRIM_HORIZON, LATEST, a time like 2026-01-31T00:00:00Z, or a sequence number that counts as read',
        )
        .option('--force', 'also while a live worker holds the lease: it loses it with the same write')
        .option(...WATCH)
        .option('--json', 'as one JSON object'),
    ),
    ['application', 'stream', 'failoverTimeMs', 'dedupHorizonDays'],
  ).action(aboutLeases(resetLease));
}

function addTransfer(leases: Command): void {
  addSettingFlags(
    leases
      .command('export')
      .description('every row as JSON lines, with all attributes')
      .option('--out <file>', 'write here; default: standard output'),
    ['application'],
  ).action(aboutLeases(exportLeases));
  addSettingFlags(
    addExecuteFlag(
      leases
        .command('import <file>')
        .description(
          'put rows that `leases export` wrote into the table; - is standard input; a preview without --execute',
        )
        .option('--replace', 'also rows that are there; they become nobody’s')
        .option('--force', 'with --replace: also those that live workers hold')
        .option(...WATCH)
        .option('--json', 'as one JSON object'),
    ),
    ['application', 'failoverTimeMs'],
  ).action(aboutLeases(importLeases));
}

export function addLeaseCommands(program: Command): void {
  const leases = program.command('leases').description('look at shard leases, and change them by hand');
  addSettingFlags(
    leases
      .command('list [shards...]', { isDefault: true })
      .description('one row per lease: who reads which shard, whether the owner is alive, and how far it is')
      .option('--all', 'finished leases too')
      .option('--once', 'look once: does not tell whether owners are alive')
      .option(...WATCH)
      .option('--lag', 'how old the next unread record is; costs one of each shard’s five reads a second')
      .option('--json', 'as JSON lines'),
    ['application', 'stream', 'failoverTimeMs'],
  ).action(aboutLeases(listLeases));
  addWriting(leases);
  addTransfer(leases);
}
