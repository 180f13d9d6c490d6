/** Asking before something is changed by hand. */
import { createInterface } from 'node:readline';

/** Whether to go on: `yes`, or the person at the terminal says y. Where nobody can be asked the answer is no, and
 *  what was printed was a dry run. Never waits for a pipe. */
export async function isConfirmed({ yes, json }: { yes?: boolean; json?: boolean }): Promise<boolean> {
  if (yes) return true;
  const isAsked = process.stdin.isTTY && process.stderr.isTTY && !json;
  const answer = isAsked ? await ask('Go on? [y/N] ') : '';
  if (/^y(es)?$/i.test(answer.trim())) return true;
  process.stderr.write(isAsked ? 'nothing was changed\n' : 'a dry run: nothing was changed; --yes does it\n');
  return false;
}

/** The line typed; empty when the input ends, or at Ctrl-C. */
function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    lines.once('close', () => resolve(''));
    lines.question(question, (answer) => {
      resolve(answer);
      lines.close();
    });
  });
}
