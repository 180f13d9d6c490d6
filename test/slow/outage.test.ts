/** Two minutes without Kinesis and DynamoDB, while events keep coming: refused for the first, hanging for the second.
 *  A real worker behind proxies that let nothing through. The simulated world does it too, in seconds:
 *  test/unit/simulation/outage.test.ts. */
import { ListShardsCommand } from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { systemClock } from '../../src/time.ts';
import { type Engines, startEngines } from '../support/engines.ts';
import type { Fault } from '../support/fault-plan.ts';
import { FaultCounts, FaultProxy } from '../support/fault-proxy.ts';
import { SteadyTraffic } from '../support/steady-traffic.ts';
import { until } from '../support/until.ts';
import { type CliProcess, lastJson, startCli } from '../support/worker-process.ts';

const SHARDS = 4;
const MINUTE_MS = 60_000;
/** Any SID of Twilio's: two letters and 32 hex digits. */
const SID = /\b[A-Z]{2}[0-9a-f]{32}\b/;
const SENTENCES = [
  /^Kinesis has not answered for \d+ (s|min)/,
  /^The lease table has not answered for \d+ (s|min)/,
];
/** Lines that a worker of four shards may log in two minutes of outage: its begin and end for three services, leases
 *  given back and taken, and attempts at five a minute of each kind. */
const LINES_MAX = 120;

let engines: Engines;
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(() => engines?.stop());

type Way = 'open' | 'refusing' | 'hanging';

/** Both services behind proxies that let everything pass, or nothing. */
async function givenProxies() {
  const way: { is: Way } = { is: 'open' };
  const hang: Fault = { kind: 'hold-and-apply', ms: 10 * MINUTE_MS, share: 0, isOtherForm: false };
  const open = (service: 'kinesis' | 'dynamodb', upstream: string): Promise<FaultProxy> =>
    FaultProxy.open({
      name: 'worker',
      service,
      upstream,
      counts: new FaultCounts(),
      plan: { next: () => (way.is === 'hanging' ? hang : undefined) },
      isDown: () => way.is === 'refusing',
    });
  const [kinesis, dynamodb] = await Promise.all([
    open('kinesis', engines.kinesis.endpoint),
    open('dynamodb', engines.dynamodb.endpoint),
  ]);
  return { way, kinesis, dynamodb };
}

interface Look {
  readonly atMs: number;
  readonly live: number;
  readonly reasons: readonly string[];
}

/** The worker's own word, each second. */
class Prober {
  readonly looks: Look[] = [];
  private readonly address: string;

  constructor(address: string) {
    this.address = address;
  }

  async look(): Promise<Look> {
    const [live, health] = await Promise.all([this.get('/livez'), this.get('/healthz')]);
    const { reasons } = (await health.json()) as { reasons: string[] };
    const look = { atMs: systemClock.monotonicMs(), live: live.status, reasons };
    this.looks.push(look);
    return look;
  }

  async during(ms: number): Promise<readonly Look[]> {
    const from = this.looks.length;
    const endMs = systemClock.monotonicMs() + ms;
    while (systemClock.monotonicMs() < endMs) {
      await this.look();
      await systemClock.sleep(1_000);
    }
    return this.looks.slice(from);
  }

  async metrics(): Promise<string> {
    return (await this.get('/metrics')).text();
  }

  private get(path: string): Promise<Response> {
    return fetch(`http://${this.address}${path}`);
  }
}

const addressIn = (worker: CliProcess): string | undefined =>
  /"event":"http.listening".*?"address":"([^"]+)"/.exec(worker.output())?.[1];

const sumOf = (metrics: string, series: string): number =>
  metrics
    .split('\n')
    .filter((line) => line.startsWith(series))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);

it('without DynamoDB and Kinesis for two minutes a worker stays live, says why, and recovers by itself', async () => {
  const world = await engines.world(SHARDS);
  const { way, kinesis, dynamodb } = await givenProxies();
  const worker = startCli(['run', '--json'], {
    ...world.env,
    AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
    SUPERSIM_HTTP: '127.0.0.1:0',
  });
  try {
    await until('the worker listens', 20_000, () => addressIn(worker) !== undefined, worker.output);
    const prober = new Prober(addressIn(worker) ?? '');
    const { Shards: shards = [] } = await engines.clients.kinesis.send(
      new ListShardsCommand({ StreamName: world.stream }),
    );
    const traffic = new SteadyTraffic(engines, {
      stream: world.stream,
      shards,
      name: 'outage',
      everyMs: 500,
    });
    const applied = async (): Promise<number> =>
      sumOf(await prober.metrics(), 'supersim_events_total{outcome="applied"');
    await until('it counts', 20_000, async () => (await applied()) > 3 * SHARDS);
    const before = await prober.look();
    const linesBefore = worker.output().split('\n').length;

    way.is = 'refusing';
    const refused = await prober.during(MINUTE_MS);
    way.is = 'hanging';
    const hung = await prober.during(MINUTE_MS);
    const metrics = await prober.metrics();
    way.is = 'open';
    const lines = worker.output().split('\n').length - linesBefore;
    const recoveredMs = await until('all is well again', MINUTE_MS, async () => {
      const { reasons } = await prober.look();
      return reasons.length === 0 && sumOf(await prober.metrics(), 'supersim_leases{') === SHARDS;
    });
    await traffic.stop();
    const put = traffic.rounds * SHARDS;
    await until('every event is counted', MINUTE_MS, async () => (await applied()) >= put);
    worker.child.kill('SIGTERM');
    const finished = await worker.done;

    process.stderr.write(
      `${refused.length + hung.length} probes, ${lines} log lines in two minutes, recovered after ${recoveredMs.toFixed(0)} ms, ${put} events\n`,
    );
    expect(before).toMatchObject({ live: 200, reasons: [] });
    expect(prober.looks.filter(({ live }) => live !== 200)).toEqual([]);
    for (const looks of [refused.filter(({ atMs }) => atMs > before.atMs + 20_000), hung])
      for (const { reasons } of looks)
        for (const sentence of SENTENCES) expect(reasons).toContainEqual(expect.stringMatching(sentence));
    expect(sumOf(metrics, 'supersim_aws_unanswered_seconds{service="kinesis"')).toBeGreaterThan(110);
    expect(lines).toBeLessThan(LINES_MAX);
    expect(worker.output()).not.toMatch(SID);
    expect(metrics).not.toMatch(SID);
    expect(finished.code).toBe(0);
    expect(lastJson(finished.stdout)).toMatchObject({ end: 'stopped', applied: put, deadLettered: 0 });
  } finally {
    way.is = 'open';
    worker.child.kill('SIGKILL');
    await worker.done;
    await Promise.all([kinesis.stop(), dynamodb.stop()]);
  }
});
