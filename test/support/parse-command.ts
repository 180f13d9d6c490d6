import type { Command } from 'commander';
import { buildProgram } from '../../src/cli/program.ts';

const all = (command: Command): readonly Command[] =>
  command.commands.flatMap((child) => [child, ...all(child)]);

/** The words of a line, as a shell would make them; brackets around what may be left out are taken away. */
const wordsOf = (line: string): string[] =>
  (line.split(/\s[|>]/)[0] ?? '')
    .replace(/[[\]]/g, '')
    .match(/"[^"]*"|'[^']*'|\S+/g)
    ?.map((word) => word.replace(/^["']|["']$/g, '')) ?? [];

/** Parses a line without running it: actions are taken away first.
 *  @throws CommanderError when there is no such command or flag. */
export async function parseCommand(line: string): Promise<void> {
  const program = buildProgram();
  const silent = { writeOut: () => undefined, writeErr: () => undefined, outputError: () => undefined };
  for (const command of [program, ...all(program)])
    command
      .action(() => undefined)
      .exitOverride()
      .configureOutput(silent);
  await program.parseAsync(wordsOf(line), { from: 'user' });
}
