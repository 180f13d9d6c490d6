/** The commands that a document tells its readers to type. */
import { readFileSync } from 'node:fs';

export interface DocCommand {
  readonly line: string;
  readonly exitCode: number;
}

const blocksOf = (text: string, language: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block);

/** Lines of the blocks that are marked `sh`; `# exit N` behind a command is the code that it ends with. */
export const runnableCommands = (file: string): readonly DocCommand[] =>
  blocksOf(readFileSync(file, 'utf8'), 'sh')
    .flatMap((block) => block.split('\n'))
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, command = line, exit = '0'] = /^(.*?)\s+# exit (\d)$/.exec(line) ?? [];
      return { line: command, exitCode: Number(exit) };
    });

/** Every way to call the program that a document shows, in blocks of any kind: what follows its name. */
export const shownCalls = (file: string): readonly string[] =>
  [...readFileSync(file, 'utf8').matchAll(/^(?:\$ |npx )?supersim-meter ((?!demo ·)[a-z].*)$/gm)].map(
    ([, call = '']) => call.replace(/\s+#.*$/, ''),
  );
