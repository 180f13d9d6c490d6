import { jest } from '@jest/globals';
import { Command } from 'commander';
import { addEstimateCommand } from '../../src/cli/estimate-command.ts';

/** Runs `estimate` in this process; answers with what it printed. One at a time. */
export async function estimatePrinted(...args: string[]): Promise<string> {
  let printed = '';
  const spy = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  try {
    const program = new Command();
    addEstimateCommand(program);
    await program.parseAsync(['estimate', ...args], { from: 'user' });
  } finally {
    spy.mockRestore();
  }
  return printed;
}
