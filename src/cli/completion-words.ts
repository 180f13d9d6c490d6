/** The words that may follow a command, taken from the command tree itself. Pure. */
import type { Command, Option } from 'commander';

export interface CompletionNode {
  /** Without the program's name: `leases reset`. */
  readonly path: string;
  readonly description: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly flags: readonly CompletionFlag[];
  /** Of its arguments. */
  readonly choices: readonly string[];
}

export interface CompletionFlag {
  /** `--from`. */
  readonly name: string;
  readonly description: string;
  readonly takesValue: boolean;
  /** Values to choose from; empty: anything. */
  readonly choices: readonly string[];
}

const flagOf = (option: Option): CompletionFlag => ({
  name: option.long ?? option.short ?? '',
  description: option.description,
  takesValue: option.required || option.optional,
  choices: option.argChoices ?? [],
});

const isShown = (option: Option): boolean => !option.hidden;

/** One node for each command, the program first, in the order of `--help`. */
export function completionNodes(command: Command, path = ''): readonly CompletionNode[] {
  const shown = command.createHelp().visibleCommands(command);
  const children = shown.filter((child) => child.name() !== 'help');
  // A command that is meant when none is named lends its flags.
  const lender = command.commands.find((child) => child.name() === defaultNameOf(command));
  const options = [...command.options, ...(lender?.options ?? [])].filter(isShown);
  const node: CompletionNode = {
    path,
    description: command.description(),
    choices: command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
    commands: children.map((child) => ({ name: child.name(), description: child.description() })),
    flags: [
      ...options.map(flagOf),
      { name: '--help', description: 'display help', takesValue: false, choices: [] },
    ],
  };
  return [node, ...children.flatMap((child) => completionNodes(child, `${path} ${child.name()}`.trim()))];
}

/** Commander keeps it to itself, but says it in its own type at run time. */
const defaultNameOf = (command: Command): string | undefined =>
  (command as unknown as { readonly _defaultCommandName?: string })._defaultCommandName;
