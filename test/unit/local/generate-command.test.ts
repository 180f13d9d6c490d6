import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { Command } from 'commander';
import { addGenerateCommand } from '../../../src/cli/generate-command.ts';

/** Runs `generate` in this process; answers with what it printed. */
async function generate(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const printed = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    jest.spyOn(process[name], 'write').mockImplementation((text) => {
      printed[name] += String(text);
      return true;
    }),
  );
  try {
    const program = new Command();
    addGenerateCommand(program);
    await program.parseAsync(['generate', ...args], { from: 'user' });
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return printed;
}

describe('generate', () => {
  it('prints one record a line, and the summary beside it', async () => {
    const { stdout, stderr } = await generate('--devices', '2', '--hours', '5', '--json');

    const lines = stdout.trim().split('\n');
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
    expect(stderr).toContain(`${lines.length} records: `);
  });

  it('writes records and truth to files, with a summary as the only output', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'supersim-'));
    const [out, truthFile] = [join(folder, 'events.jsonl'), join(folder, 'truth.json')];

    const { stdout } = await generate('--devices', '3', '--out', out, '--truth', truthFile, '--json');

    const truth = JSON.parse(await readFile(truthFile, 'utf8'));
    expect(JSON.parse(stdout)).toEqual({
      lines: (await readFile(out, 'utf8')).trim().split('\n').length,
      sessions: Object.keys(truth.sessions).length,
      ...truth.totals,
    });
  });

  it.each([
    [['--devices', '1.5'], '--devices must be a whole number'],
    [['--devices', 'many'], '--devices must be a number from 1'],
    [['--hours', ''], '--hours must be a number'],
    [['--duplicates', '2'], '--duplicates must be a number from 0 to 1'],
    [['--seed', '-1'], '--seed must be a number from 0'],
    [['--events-max', '0'], '--events-max must be a number from 1'],
    [['--start-at', 'soon'], '--start-at must be a day like'],
    [['--start-at', '2999-01-01T00:00:00Z'], 'The span must lie in the past'],
    [['--rate', '5'], '--rate goes with --put only'],
    [['--put', '--out', 'x'], 'Give --out or --put'],
    [['--hours', '1', '--truth', '/nonexistent/truth.json'], '/nonexistent/truth.json cannot be written'],
    [['--hours', '1', '--out', '/nonexistent/events'], '/nonexistent/events cannot be written (ENOENT)'],
  ])('refuses %j in a sentence', async (args, sentence) => {
    await expect(generate(...args)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(sentence),
    });
  });
});
