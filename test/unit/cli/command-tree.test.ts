/** What all commands have in common, held against the command tree itself. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { SCRIPTS, SHELLS } from '../../../src/cli/completion-scripts.ts';
import { completionNodes } from '../../../src/cli/completion-words.ts';
import { EXAMPLES } from '../../../src/cli/help-examples.ts';
import { buildProgram } from '../../../src/cli/program.ts';
import { parseCommand } from '../../support/parse-command.ts';

const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');

const all = (command: Command, path = ''): readonly (readonly [string, Command])[] =>
  command.commands.flatMap((child) => {
    const childPath = `${path} ${child.name()}`.trim();
    return [[childPath, child] as const, ...all(child, childPath)];
  });
const commands = all(buildProgram()).filter(([path]) => path !== 'help');
const flagsOf = (command: Command): string[] => command.options.map(({ long }) => long ?? '');

describe('every command', () => {
  it('that changes something takes --execute, and --yes for it, out of sight', () => {
    const changing = commands.filter(([, command]) => flagsOf(command).includes('--execute'));

    expect(changing.map(([path]) => path).sort()).toEqual([
      'dead-letters purge',
      'dead-letters redrive',
      'erase-sim',
      'leases import',
      'leases release',
      'leases reset',
      'replay',
    ]);
    for (const [path, command] of changing) {
      const { hidden } = command.options.find(({ long }) => long === '--yes') ?? {};
      expect([path, hidden, command.description().includes('a preview without --execute')]).toEqual([
        path,
        true,
        true,
      ]);
    }
  });

  it('that prints results takes --json', () => {
    const silent = [
      'run',
      'local',
      'demo',
      'provision',
      'put',
      'health',
      'completion',
      'export sessions',
      'leases export',
    ];
    for (const [path, command] of commands.filter(([, { commands: children }]) => children.length === 0))
      if (!silent.includes(path))
        expect([path, flagsOf(command)]).toEqual([path, expect.arrayContaining(['--json'])]);
  });

  it('is in the README’s table', () => {
    for (const [path] of commands.filter(([path]) => !path.includes(' ')))
      expect([path, new RegExp(`^\\|.*\`${path}[ \`[]`, 'm').test(readme)]).toEqual([path, true]);
  });
});

describe('examples', () => {
  it('are of commands that there are', () => {
    const paths = ['', ...commands.map(([path]) => path)];
    expect(Object.keys(EXAMPLES).filter((path) => !paths.includes(path))).toEqual([]);
  });

  it.each(
    Object.values(EXAMPLES)
      .flat()
      .map(([text]) => text),
  )('`%s` is understood', async (text) => {
    await expect(parseCommand(text)).resolves.toBeUndefined();
  });

  it('with a flag that there is not would not be', async () => {
    await expect(parseCommand('lag --since 5min')).rejects.toThrow(/unknown option/);
  });
});

describe('completion', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'completion-'));
    for (const shell of SHELLS)
      writeFileSync(join(folder, shell), SCRIPTS[shell](completionNodes(buildProgram())));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** As bash does at a press of Tab behind the last word. */
  function complete(...words: readonly string[]): string[] {
    const script = `source ${join(folder, 'bash')}; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _supersim_meter; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const args = ['--norc', '-c', script, 'bash', 'supersim-meter', ...words];
    return execFileSync('bash', args, { encoding: 'utf8', cwd: folder }).split('\n').filter(Boolean);
  }

  it('of bash completes commands, commands of commands, flags and what flags may be', () => {
    expect(complete('le')).toEqual(['leases']);
    expect(complete('leases', 're')).toEqual(['release', 'reset']);
    expect(complete('leases', '--la')).toEqual(['--lag']);
    expect(complete('leases', 'reset', '3', '--to', 'LATEST', '--ex')).toEqual(['--execute']);
    expect(complete('usage', 'HS1', '--by', '')).toEqual(['hour', 'day', 'month']);
    expect(complete('completion', 'z')).toEqual(['zsh']);
    expect(complete('put', '--file', 'ba')).toEqual(['bash']);
  });

  it('of bash knows every command and shown flag of the tree, and no hidden one', () => {
    for (const { path, commands: children, flags } of completionNodes(buildProgram())) {
      const words = complete(...path.split(' ').filter(Boolean), '');
      expect([path, words]).toEqual([
        path,
        expect.arrayContaining([...children, ...flags].map(({ name }) => name)),
      ]);
      expect([
        path,
        words.filter((word) => ['--yes', '--dry-run', '--process-number'].includes(word)),
      ]).toEqual([path, []]);
    }
  });

  it.each(SHELLS)('of %s names every command', (shell) => {
    const script = readFileSync(join(folder, shell), 'utf8');
    for (const [path] of commands) expect(script).toContain(`'${path}'`);
  });
});
