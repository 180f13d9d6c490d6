/** Runs the stages of `infra/Dockerfile` without a container engine: each COPY and RUN in a folder that stands for its
 *  stage's file system. What it does not know fails. */
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

interface Instruction {
  readonly word: string;
  readonly text: string;
}

interface Stage {
  readonly name: string;
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/** What an image says beside its files. */
export interface ImageConfig {
  readonly base: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly workdir: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
}

/** Instructions, comments and continued lines taken care of. */
export const instructionsIn = (text: string): readonly Instruction[] =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, word = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
      return { word, text: rest };
    });

export function stagesIn(text: string): readonly Stage[] {
  const stages: { name: string; base: string; instructions: Instruction[] }[] = [];
  for (const instruction of instructionsIn(text)) {
    const [, base = '', name = ''] = /^(\S+) AS (\S+)$/.exec(instruction.text) ?? [];
    if (instruction.word === 'FROM') stages.push({ name, base, instructions: [] });
    else stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

const execForm = (text: string): readonly string[] => JSON.parse(text.replace(/^.*?CMD /, '')) as string[];

const environmentIn = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g)].map(([, name = '', quoted, plain]) => [
      name,
      quoted ?? plain ?? '',
    ]),
  );

export class DockerfileRun {
  private readonly contextDir: string;
  private readonly workDir: string;
  private readonly allowed: ReadonlySet<string>;

  /** `contextDir`: the build's context, of which only what `dockerignore` lets through may be copied. */
  constructor(contextDir: string, workDir: string, dockerignore: string) {
    this.contextDir = contextDir;
    this.workDir = workDir;
    const lines = dockerignore.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    if (lines[0] !== '*') throw new Error('only an ignore file that begins with * is known here');
    this.allowed = new Set(lines.slice(1).map((line) => line.replace(/^!/, '')));
  }

  /** The folder of a stage's files. */
  folderOf(stage: string): string {
    return join(this.workDir, stage);
  }

  /** Runs all stages; the last one's configuration. */
  async run(dockerfile: string): Promise<ImageConfig> {
    let config: ImageConfig | undefined;
    for (const stage of stagesIn(await readFile(dockerfile, 'utf8'))) config = await this.runStage(stage);
    if (!config) throw new Error('the Dockerfile has no stage');
    return config;
  }

  private async runStage({ name, base, instructions }: Stage): Promise<ImageConfig> {
    let config: ImageConfig = {
      base,
      env: {},
      user: 'root',
      workdir: '/',
      entrypoint: [],
      command: [],
      healthcheck: [],
    };
    for (const { word, text } of instructions) {
      const place = join(this.folderOf(name), config.workdir);
      if (word === 'WORKDIR') config = { ...config, workdir: text };
      else if (word === 'ENV') config = { ...config, env: { ...config.env, ...environmentIn(text) } };
      else if (word === 'USER') config = { ...config, user: text };
      else if (word === 'ENTRYPOINT') config = { ...config, entrypoint: execForm(text) };
      else if (word === 'CMD') config = { ...config, command: execForm(text) };
      else if (word === 'HEALTHCHECK') config = { ...config, healthcheck: execForm(text) };
      else if (word === 'COPY') await this.copy(text, place);
      else if (word === 'RUN') await execute('sh', ['-ec', text], { cwd: place, maxBuffer: 2 ** 24 });
      else if (word !== 'LABEL') throw new Error(`not known what ${word} does`);
    }
    return config;
  }

  private async copy(text: string, place: string): Promise<void> {
    const [, from, paths = ''] = /^(?:--from=(\S+) )?(.*)$/.exec(text) ?? [];
    const sources = paths.split(' ');
    const target = sources.pop() ?? '';
    await mkdir(place, { recursive: true });
    for (const source of sources) {
      if (from === undefined && !this.allowed.has(source))
        throw new Error(`${source} is not let through by the ignore file`);
      const path = join(from === undefined ? this.contextDir : this.folderOf(from), source);
      const isFolder = (await stat(path)).isDirectory();
      const isInto = !isFolder && target.endsWith('/');
      await cp(path, join(place, target, isInto ? basename(path) : ''), { recursive: true });
    }
  }
}
