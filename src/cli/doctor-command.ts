/** `doctor`: everything that a worker needs, looked at one by one. docs/doctor.md */
import type { Command } from 'commander';
import { createClients } from '../aws-clients.ts';
import { type Check, trouble } from '../doctor/check.ts';
import { diagnose } from '../doctor/diagnose.ts';
import { MeterError } from '../errors.ts';
import { toJson } from '../json.ts';
import { systemClock, systemRandom } from '../time.ts';
import { countsOf, reportLines, summaryLine } from './doctor-report.ts';
import { EXIT } from './exit-codes.ts';
import { ALL_SETTINGS, addSettingFlags, configFrom, type SettingFlags } from './setting-flags.ts';

interface DoctorFlags extends SettingFlags {
  readonly all?: boolean;
  readonly json?: boolean;
}

const jsonOf = ({ name, status, subject, found, fix }: Check) => ({
  kind: 'check',
  name,
  status,
  subject: subject ?? null,
  found,
  fix: fix ?? null,
});

/** Bad settings are a finding like others. */
async function* checksFor(flags: SettingFlags): AsyncGenerator<Check> {
  try {
    const { config } = configFrom(flags);
    const shared = { config, clock: systemClock, random: systemRandom, environment: process.env };
    yield* diagnose({ ...shared, clients: createClients(), nodeVersion: process.versions.node });
  } catch (error) {
    if (!(error instanceof MeterError) || error.code !== 'config-invalid') throw error;
    const found = error.message
      .split('\n')
      .slice(1)
      .map((text) => text.replace(/^\s*- /, ''))
      .join('; ');
    yield trouble('fail', 'settings', {
      found,
      fix: 'correct them; `supersim-meter config --help` lists all settings',
    });
  }
}

async function runDoctor({ all: isAll = false, json: isJson = false, ...flags }: DoctorFlags): Promise<void> {
  if (process.stderr.isTTY && !isJson)
    process.stderr.write('looking at stream, tables, permissions and leases…\n');
  const checks: Check[] = [];
  for await (const check of checksFor(flags)) {
    checks.push(check);
    if (isJson) process.stdout.write(`${toJson(jsonOf(check))}\n`);
  }
  const counts = countsOf(checks);
  if (isJson) process.stdout.write(`${toJson({ kind: 'summary', ...counts })}\n`);
  else process.stdout.write(`${reportLines(checks, { isAll }).join('\n')}\n`);
  process.stderr.write(`${summaryLine(counts)}\n`);
  if (counts.fail > 0) process.exitCode = EXIT.checkFailed;
}

/** Registers `doctor`. */
export function addDoctorCommand(program: Command): void {
  addSettingFlags(
    program
      .command('doctor')
      .description(
        'look at everything a worker needs: credentials, stream, tables, permissions, clock, leases; changes nothing, exit 5 if something is wrong',
      )
      .option('--all', 'a line for each check, also for those that are well')
      .option('--json', 'as JSON lines, the summary last'),
    ALL_SETTINGS,
  ).action(runDoctor);
}
