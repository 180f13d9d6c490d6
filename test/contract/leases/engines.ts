/** The embedded DynamoDB engines, each as an endpoint for one test file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';

export interface Engine {
  readonly endpoint: string;
  stop(): Promise<void>;
}

const require = createRequire(import.meta.url);
const START_MAX_MS = 20_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** An engine that does not come up fails the suite; it is never skipped. */
async function start(command: (port: number) => readonly string[]): Promise<Engine> {
  const port = await freePort();
  const [program = '', ...args] = command(port);
  const child: ChildProcess = spawn(program, args, { stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${port}`;
  const untilMs = performance.now() + START_MAX_MS;
  while (!(await answers(endpoint))) {
    if (child.exitCode !== null || performance.now() > untilMs) throw new Error(`${program} did not start`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    endpoint,
    stop: async () => {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    },
  };
}

const answers = (endpoint: string): Promise<boolean> =>
  fetch(endpoint).then(
    () => true,
    () => false,
  );

export const ENGINES: Readonly<Record<string, () => Promise<Engine>>> = {
  dynoxide: () => {
    const binary = join(dirname(require.resolve('@dynoxide/linux-x64/package.json')), 'dynoxide');
    return start((port) => [binary, 'serve', '--host', '127.0.0.1', '--port', String(port)]);
  },
  dynalite: () => {
    const cli = join(dirname(require.resolve('dynalite/package.json')), 'cli.js');
    return start((port) => [
      process.execPath,
      cli,
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--createTableMs',
      '0',
    ]);
  },
};
