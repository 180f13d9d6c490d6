/** Amazon's own Java KCL as a process: test/interop's application, built by Maven once and started like our worker. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type CliProcess, startProcess } from './worker-process.ts';

export type KclVersion = 'kcl2' | 'kcl3';

const ROOT = join(import.meta.dirname, '../interop');
const SOURCE = join(ROOT, 'java/interop/Consumer.java');
/** The first build downloads the library and what it needs, some 60 MB. Unit: ms. */
const BUILD_TIMEOUT_MS = 240_000;
/** A quick start matters more here than speed later. */
const JVM = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
const LOGGER = '-Dorg.slf4j.simpleLogger';
const LOGGING = [
  `${LOGGER}.defaultLogLevel=warn`,
  `${LOGGER}.log.software.amazon.kinesis.leases.dynamodb.DynamoDBLeaseTaker=info`,
];

/** One record, or user record of an aggregate, that the application has processed. */
export interface JavaRecord {
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly subSequenceNumber: number;
  readonly data: string;
}

export interface JavaKcl extends CliProcess {
  /** What it has processed so far, in its order. */
  records(): readonly JavaRecord[];
  /** Errors that the library logged: a row that it cannot read, a checkpoint that it cannot write. Shortened, since
   *  KCL logs payloads too. */
  errors(): readonly string[];
  /** Asks it to end as an operator would, and waits. @throws when a shard was not told to, and so checkpointed. */
  stop(): Promise<void>;
}

const changedAtMs = (file: string): number => (existsSync(file) ? statSync(file).mtimeMs : 0);

/** Compiles the application unless that is done already; answers its class path.
 *  @throws with what to install when there is no Maven, with Maven's words when it fails. */
export function buildJavaKcl(version: KclVersion): string {
  const folder = join(ROOT, version);
  const list = join(folder, 'target/classpath.txt');
  const isBuilt =
    changedAtMs(list) > Math.max(changedAtMs(SOURCE), changedAtMs(join(folder, 'pom.xml'))) &&
    readFileSync(list, 'utf8').trim().split(delimiter).every(existsSync);
  if (!isBuilt) runMaven(folder);
  return [join(folder, 'target/classes'), readFileSync(list, 'utf8').trim()].join(delimiter);
}

function runMaven(cwd: string): void {
  const goals = ['compile', 'dependency:build-classpath', '-Dmdep.outputFile=target/classpath.txt'];
  try {
    execFileSync('mvn', ['-q', '-B', ...goals], { cwd, timeout: BUILD_TIMEOUT_MS, encoding: 'utf8' });
  } catch (error) {
    const { code, stdout } = error as { code?: string; stdout?: string };
    if (code === 'ENOENT')
      throw new Error(
        'These tests run Amazon’s Java KCL: install a JDK 17 and Maven (Debian: apt-get install openjdk-17-jdk-headless maven).',
      );
    throw new Error(`Maven could not build ${cwd}: ${stdout ?? String(error)}`);
  }
}

/** Starts the application with the settings that our worker takes. `buildJavaKcl` first. */
export function startJavaKcl(version: KclVersion, env: Readonly<Record<string, string>>): JavaKcl {
  const started = startProcess(
    'java',
    [...JVM, ...LOGGING, '-cp', buildJavaKcl(version), 'interop.Consumer'],
    env,
  );
  const lines = lineReader(started);
  let logged = '';
  started.child.stderr?.on('data', (text: string) => {
    logged += text;
  });
  const records = (): JavaRecord[] =>
    lines().flatMap((line) => (line['kind'] === 'record' ? [line as unknown as JavaRecord] : []));
  const stop = async (): Promise<void> => {
    started.child.kill('SIGTERM');
    const { code, stderr } = await started.done;
    // 128 + SIGTERM is how a JVM ends after its shutdown hooks.
    const open = openShards(lines());
    if (code !== 143 || open.length > 0)
      throw new Error(`Java ended with ${code}, leaving ${open.join(', ') || 'no shard'}: ${stderr}`);
  };
  const errors = (): string[] =>
    logged.split('\n').flatMap((line) => (/ ERROR /.test(line) ? [line.slice(0, 200)] : []));
  return { ...started, records, errors, stop };
}

/** Shards that were begun and neither given up, ended nor told that the worker stops. */
function openShards(lines: readonly Record<string, unknown>[]): string[] {
  const open = new Set<string>();
  for (const { kind, shardId, checkpoint } of lines) {
    if (kind === 'taken' && checkpoint !== 'SHARD_END') open.add(String(shardId));
    if (kind === 'ended' || kind === 'requested' || kind === 'lost') open.delete(String(shardId));
  }
  return [...open];
}

/** The JSON lines printed so far, each parsed once. */
function lineReader({ child }: CliProcess): () => readonly Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  let rest = '';
  child.stdout?.on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts.map((part) => JSON.parse(part) as Record<string, unknown>));
  });
  return () => lines;
}
