import { Command, CommanderError } from 'commander';
import { MeterError } from '../errors.ts';
import { VERSION } from '../version.ts';
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
import { addLeaseCommands } from './lease-commands.ts';
import { addLocalCommand } from './local-command.ts';
import { addProvisionCommand } from './provision-command.ts';
import { addPutCommand } from './put-command.ts';
import { addReconcileCommand } from './reconcile-command.ts';
import { addReplayCommand } from './replay-command.ts';
import { addRunCommand } from './run-command.ts';
import { addSessionCommands } from './session-commands.ts';

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
  addDemoCommand(program);
  addRunCommand(program);
  addLocalCommand(program);
  addProvisionCommand(program);
  addGenerateCommand(program);
  addPutCommand(program);
  addSessionCommands(program);
  addDeadLetterCommands(program);
  addReplayCommand(program);
  addReconcileCommand(program);
  addGapsCommand(program);
  addLeaseCommands(program);
  addEraseCommand(program);
  addDoctorCommand(program);
  addHealthCommand(program);
  addConfigCommand(program);
  addEstimateCommand(program);
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
