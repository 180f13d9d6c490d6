import { Command, CommanderError } from 'commander';
import { MeterError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { addCompletionCommand } from './completion-command.ts';
import { addConfigCommand } from './config-command.ts';
import { addDeadLetterCommands } from './dead-letter-commands.ts';
import { addDemoCommand } from './demo-command.ts';
import { addDoctorCommand } from './doctor-command.ts';
import { addEraseCommand } from './erase-command.ts';
import { addEstimateCommand } from './estimate-command.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { addGapsCommand } from './gaps-command.ts';
import { addGenerateCommand } from './generate-command.ts';
import { addHealthCommand } from './health-command.ts';
import { addExamples } from './help-examples.ts';
import { addLagCommand } from './lag-command.ts';
import { addLeaseCommands } from './lease-commands.ts';
import { addLocalCommand } from './local-command.ts';
import { addProvisionCommand } from './provision-command.ts';
import { addPutCommand } from './put-command.ts';
import { addReconcileCommand } from './reconcile-command.ts';
import { addReplayCommand } from './replay-command.ts';
import { addRunCommand } from './run-command.ts';
import { addSessionCommands } from './session-commands.ts';
import { addSimsCommand } from './sims-command.ts';
import { addTopCommand } from './top-command.ts';
import { addUsageCommand } from './usage-command.ts';

type AddCommand = (program: Command) => void;

/** The commands as `--help` lists them, by what somebody wants. */
const GROUPS: readonly (readonly [string, readonly AddCommand[]])[] = [
  ['Count:', [addRunCommand]],
  [
    'See whether all is well:',
    [addDoctorCommand, addLagCommand, addTopCommand, addLeaseCommands, addHealthCommand, addConfigCommand],
  ],
  [
    'See what was counted:',
    [addUsageCommand, addSessionCommands, addSimsCommand, addReconcileCommand, addGapsCommand],
  ],
  ['Repair:', [addDeadLetterCommands, addReplayCommand, addEraseCommand]],
  [
    'Try it and plan:',
    [
      addDemoCommand,
      addLocalCommand,
      addProvisionCommand,
      addGenerateCommand,
      addPutCommand,
      addEstimateCommand,
      addCompletionCommand,
    ],
  ],
];

export function buildProgram(): Command {
  const program = new Command('supersim-meter')
    .description(
      'Reads Super SIM Connection Events from Kinesis and keeps exact per-session usage in DynamoDB.',
    )
    .version(VERSION)
    .showHelpAfterError('(add --help for what it takes)')
    .configureOutput({
      outputError: (text, write) =>
        write(`supersim-meter: ${text.replace(/^error: /, '').trimEnd()} [usage]\n`),
    })
    .exitOverride();
  for (const [heading, add] of GROUPS) {
    program.commandsGroup(heading);
    for (const addCommand of add) addCommand(program);
  }
  program.addHelpCommand(new Command('help').argument('[command]').description('display help for a command'));
  addExamples(program);
  return program;
}

/** Whoever reads our output may stop early (`… | head`): that is an end, not an error. */
function endQuietlyWithItsReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(EXIT.ok);
  });
}

/** Runs the command line; the result is the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  endQuietlyWithItsReader();
  try {
    await buildProgram().parseAsync(argv);
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    // Commander has printed its own message.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (!(error instanceof MeterError)) throw error;
    process.stderr.write(`supersim-meter: ${error.message} [${error.code}]\n`);
    return exitCodeOf(error);
  }
}
