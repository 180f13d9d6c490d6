/** Which engines a suite runs on: those that this package brings, a pair for each test file; or, in the project
 *  `localstack` (jest.config.js), what `AWS_ENDPOINT_URL` names, one for all files and for many runs. */
import { get } from 'node:http';
import type { Engine } from '../../src/local/engine-process.ts';

export type EngineFromEnv =
  | { readonly kind: 'embedded' }
  | { readonly kind: 'endpoint'; readonly engine: Engine };

type Environment = Readonly<Record<string, string | undefined>>;

/** Nobody starts or ends it here. */
const NO_PID = 0;
const ANSWER_WITHIN_MS = 5_000;

/** @throws when the suite is to run against an endpoint and none is named. */
export function engineFromEnv(env: Environment = process.env): EngineFromEnv {
  const chosen = env['TEST_ENGINE'] ?? 'embedded';
  if (chosen === 'embedded') return { kind: 'embedded' };
  if (chosen !== 'endpoint') throw new Error(`TEST_ENGINE is "embedded" or "endpoint", not "${chosen}"`);
  const endpoint = env['AWS_ENDPOINT_URL'];
  if (!endpoint) throw new Error('Set AWS_ENDPOINT_URL to where LocalStack listens: localstack/README.md');
  const engine = { name: 'AWS_ENDPOINT_URL', endpoint, pid: NO_PID, stop: () => Promise.resolve() };
  return { kind: 'endpoint', engine };
}

/** One engine for many files and runs: what they make needs names of its own. */
const RUN = `${Date.now().toString(36)}-${process.pid}`;

/** The name for something that a suite makes. */
export const nameInRun = (name: string): string =>
  engineFromEnv().kind === 'embedded' ? name : `${name}-${RUN}`;

/** What LocalStack says of itself, as one line.
 *  @throws when nothing answers there, or something else does. */
export async function identify(endpoint: string): Promise<string> {
  try {
    return describe((await getJson(`${endpoint}/_localstack/health`)) as Health);
  } catch (error) {
    const why = (error as Error).message;
    throw new Error(
      `AWS_ENDPOINT_URL=${endpoint} is not LocalStack, or not ready: ${why}. See localstack/README.md`,
    );
  }
}

/** Whether LocalStack has run the scripts of ready.d.
 *  @throws when one of them failed. */
export async function isProvisioned(endpoint: string): Promise<boolean> {
  const { completed, scripts } = (await getJson(`${endpoint}/_localstack/init/ready`)) as Scripts;
  const failed = scripts.filter(({ state }) => state === 'ERROR');
  if (failed.length > 0) throw new Error(`ready.d failed: ${failed.map(({ name }) => name).join(', ')}`);
  return completed && scripts.length > 0;
}

interface Scripts {
  readonly completed: boolean;
  readonly scripts: readonly { readonly name: string; readonly state: string }[];
}

const getJson = (url: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: ANSWER_WITHIN_MS }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      answer.on('end', () => {
        try {
          resolve(JSON.parse(text));
        } catch (error) {
          reject(error);
        }
      });
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${ANSWER_WITHIN_MS} ms`)));
    request.on('error', reject);
  });

interface Health {
  readonly version?: string;
  readonly services?: Readonly<Record<string, string>>;
}

const NEEDED = ['kinesis', 'dynamodb'] as const;

function describe({ version, services = {} }: Health): string {
  const states = NEEDED.map((service) => `${service} ${services[service] ?? 'unknown'}`);
  const isWanting = NEEDED.some((service) => !['running', 'available'].includes(services[service] ?? ''));
  if (version === undefined || isWanting) throw new Error(`it reports ${states.join(', ')}`);
  return `LocalStack ${version} (${states.join(', ')})`;
}
