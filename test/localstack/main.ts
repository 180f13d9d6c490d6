/** `npm run test:localstack [-- --host] [-- FILE…]`: the suites of the project `localstack` against what AWS_ENDPOINT_URL
 *  names, which must be there: nothing is skipped. `--host` starts LocalStack for the time of the run, without Docker
 *  (localstack/host). Says first what it runs on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { identify } from '../support/engine-from-env.ts';
import { startLocalStack } from '../support/localstack-process.ts';

const { values, positionals } = parseArgs({
  options: { host: { type: 'boolean', default: false } },
  allowPositionals: true,
});

async function runSuites(endpoint: string): Promise<number> {
  process.stdout.write(`engines at ${endpoint}: ${await identify(endpoint)}; node ${process.version}\n`);
  const jest = [
    'run',
    '-s',
    'jest',
    '--',
    '--selectProjects',
    'localstack',
    '--maxWorkers=2',
    '--',
    ...positionals,
  ];
  const child = spawn('npm', jest, { env: { ...process.env, AWS_ENDPOINT_URL: endpoint }, stdio: 'inherit' });
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}

async function onHost(): Promise<number> {
  const engine = await startLocalStack();
  try {
    process.stdout.write(`${engine.versions}\n`);
    return await runSuites(engine.endpoint);
  } finally {
    await engine.stop();
  }
}

async function atEndpoint(): Promise<number> {
  const endpoint = process.env['AWS_ENDPOINT_URL'];
  if (endpoint) return runSuites(endpoint);
  throw new Error('AWS_ENDPOINT_URL is not set: start LocalStack (localstack/README.md) or say `-- --host`');
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
try {
  process.exitCode = await (values.host ? onHost() : atEndpoint());
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
