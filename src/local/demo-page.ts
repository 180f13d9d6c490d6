/** The live page of the demo: all its workers on one address, also those that were killed. */

import { pageMaker } from '../open-page.ts';
import { startHttpServer } from '../ops/http-server.ts';
import type { ShapedHappening } from '../page/shapes.ts';
import type { WorkerReport } from '../page/worker-report.ts';
import type { Clock, Random } from '../time.ts';
import type { DemoWorker } from './demo-worker.ts';
import { createLocalClients } from './local-clients.ts';

export interface DemoPage {
  readonly url: string;
  stop(): Promise<void>;
}

export interface DemoPageSettings {
  readonly stream: string;
  readonly application: string;
  readonly tablePrefix: string;
  /** Unit: ms. */
  readonly failoverTimeMs: number;
}

export interface DemoPageDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** With the engines' endpoints. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workers: readonly DemoWorker[];
  /** What was done to the fleet. */
  readonly told: () => readonly ShapedHappening[];
}

/** Only this machine reaches it; the port is a free one. */
const ADDRESS = '127.0.0.1:0';

const closable = (clients: ReturnType<typeof createLocalClients>) => ({
  ...clients,
  close: () => {
    for (const client of Object.values(clients)) client.destroy();
  },
});

async function reportsOf(workers: readonly DemoWorker[]): Promise<readonly WorkerReport[]> {
  await Promise.all(workers.map((worker) => worker.lookForPage()));
  return workers.flatMap(({ report }) => report ?? []);
}

/** @throws MeterError `port-in-use`, `config-invalid`. */
export async function startDemoPage(settings: DemoPageSettings, deps: DemoPageDeps): Promise<DemoPage> {
  const { environment, workers, told } = deps;
  const createClients = () =>
    closable(
      createLocalClients({
        kinesisEndpoint: environment['AWS_ENDPOINT_URL_KINESIS'] ?? '',
        dynamodbEndpoint: environment['AWS_ENDPOINT_URL_DYNAMODB'] ?? '',
      }),
    );
  const door = {
    heartbeats: { states: () => [] },
    readiness: () => [],
    troubles: () => [],
    metrics: async () => ({ contentType: 'text/plain', body: '' }),
    state: () => ({}),
    report: () => reportsOf(workers),
  };
  const page = pageMaker(settings, { ...deps, createClients }, { place: 'demo', others: told })(door);
  const server = await startHttpServer(ADDRESS, door, page);
  return {
    url: `http://${server.address}/`,
    stop: async () => {
      await server.stop();
      await page.stop();
    },
  };
}
