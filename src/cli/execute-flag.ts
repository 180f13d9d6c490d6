/** Commands that change something by hand say what they would do, and do it with `--execute`. */
import { type Command, Option } from 'commander';

export interface ExecuteFlag {
  readonly execute?: boolean;
}

/** Gives a command `--execute`. `--yes`, which the `leases` commands took before, still means it. */
export const addExecuteFlag = (command: Command): Command =>
  command
    .option('--execute', 'do it; without it only what would be done is printed')
    .addOption(new Option('--yes').hideHelp().implies({ execute: true }));

/** The last word of a command that was not told to do it. */
export function sayPreview(): void {
  process.stderr.write('a preview: nothing was changed; --execute does it\n');
}
