/** `completion`: what a shell needs to complete commands and flags. */
import { Argument, type Command } from 'commander';
import { SCRIPTS, SHELLS, type Shell } from './completion-scripts.ts';
import { completionNodes } from './completion-words.ts';

/** Registers `completion`. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('print a completion script for your shell; its first lines say where to put it')
    .addArgument(new Argument('<shell>', 'your shell').choices(SHELLS))
    .action((shell: Shell) => {
      process.stdout.write(SCRIPTS[shell](completionNodes(program)));
    });
}
