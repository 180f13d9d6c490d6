import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { checkHealth } from '../../../src/ops/check-health.ts';
import { type Phase, readyChecks } from '../../../src/ops/health.ts';
import { Heartbeats } from '../../../src/ops/heartbeats.ts';
import {
  type HttpServerDeps,
  type RunningHttpServer,
  startHttpServer,
} from '../../../src/ops/http-server.ts';
import type { Trouble } from '../../../src/ops/troubles.ts';
import { systemClock } from '../../../src/time.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const servers: RunningHttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function givenServer(deps: Partial<HttpServerDeps> = {}) {
  const clock = new VirtualClock();
  const heartbeats = new Heartbeats(clock);
  const worker: { phase: Phase; parked: string[] } = { phase: 'running', parked: [] };
  const server = await startHttpServer('127.0.0.1:0', {
    heartbeats,
    readiness: () => readyChecks(worker.phase, worker.parked),
    troubles: () => [],
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'supersim_leases 1\n' }),
    state: () => ({ bytes: 2n ** 60n }),
    report: () => [],
    ...deps,
  });
  servers.push(server);
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`http://${server.address}${path}`, { method });
    return { status: response.status, body: await response.text(), headers: response.headers };
  };
  return { clock, heartbeats, worker, server, get };
}

describe('/livez', () => {
  it('is 200 while every loop beats, and 503 with the loop’s name once one stands still', async () => {
    const { clock, heartbeats, get } = await givenServer();
    heartbeats.watch('leases', 30_000);
    const shard = heartbeats.watch('shard', 10_000);

    expect(await get('/livez')).toMatchObject({ status: 200, body: 'ok\n' });
    await clock.advance(10_001);
    expect(await get('/livez')).toMatchObject({
      status: 503,
      body: '[-]shard failed: last beat 10001 ms ago, allowed 10000 ms\nfailed\n',
    });
    shard.beat();
    expect((await get('/livez')).status).toBe(200);
  });

  it('does not miss a loop that ended in good order', async () => {
    const { clock, heartbeats, get } = await givenServer();
    heartbeats.watch('shard', 1_000).stop();
    await clock.advance(5_000);

    expect((await get('/livez')).status).toBe(200);
  });

  it('stays 200 while the worker drains or is parked', async () => {
    const { worker, get } = await givenServer();
    worker.phase = 'draining';
    worker.parked.push('shardId-000000000001');

    expect((await get('/livez')).status).toBe(200);
  });
});

describe('/readyz', () => {
  it.each(['starting', 'draining'] as const)('is 503 while %s', async (phase) => {
    const { worker, get } = await givenServer();
    worker.phase = phase;

    expect(await get('/readyz')).toMatchObject({
      status: 503,
      body: `[-]running failed: ${phase}\nfailed\n`,
    });
  });

  it('is 503 with a parked shard, and names all checks when asked', async () => {
    const { worker, get } = await givenServer();

    expect(await get('/readyz?verbose')).toMatchObject({
      status: 200,
      body: '[+]running ok\n[+]shards ok\nok\n',
    });
    worker.parked.push('shardId-000000000001');
    expect(await get('/readyz?verbose')).toMatchObject({
      status: 503,
      body: '[+]running ok\n[-]shards failed: parked: shardId-000000000001\nfailed\n',
    });
  });
});

describe('the other paths', () => {
  it('/healthz tells live, ready and why not as JSON', async () => {
    const { worker, get } = await givenServer();
    worker.phase = 'draining';

    const { status, body } = await get('/healthz');

    expect({ status, ...JSON.parse(body) }).toEqual({
      status: 200,
      live: true,
      ready: false,
      reasons: ['running: draining'],
      troubles: [],
    });
  });

  it('/healthz says what is wrong in words, and stays live and ready with it', async () => {
    const trouble: Trouble = {
      kind: 'aws-failing',
      subject: 'DynamoDB',
      text: 'DynamoDB has not answered for 95 s: ThrottlingException',
      forMs: 95_000,
    };
    const { get } = await givenServer({ troubles: () => [trouble, { ...trouble, process: '2' }] });

    const { status, body } = await get('/healthz');

    expect({ status, ...JSON.parse(body) }).toEqual({
      status: 200,
      live: true,
      ready: true,
      reasons: [trouble.text, `process 2: ${trouble.text}`],
      troubles: [trouble, { ...trouble, process: '2' }],
    });
  });

  it('/metrics and /state give what they are given', async () => {
    const { get } = await givenServer();

    const metrics = await get('/metrics');
    const state = await get('/state');

    expect(metrics.body).toBe('supersim_leases 1\n');
    expect(metrics.headers.get('content-type')).toContain('version=0.0.4');
    expect(JSON.parse(state.body)).toEqual({ bytes: String(2n ** 60n) });
  });

  it('unknown ones are 404, other methods 405', async () => {
    const { get } = await givenServer();

    expect((await get('/constructor')).status).toBe(404);
    expect((await get('/')).status).toBe(404);
    const refused = await get('/metrics', 'POST');
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET']);
  });

  it('what fails inside is a 500 that tells nothing', async () => {
    const { get } = await givenServer({
      state: () => {
        throw new Error('310170845466094');
      },
    });

    expect(await get('/state')).toMatchObject({ status: 500, body: 'internal error\n' });
  });
});

it('a port in use is said to be', async () => {
  const { server, heartbeats } = await givenServer();
  const deps = {
    heartbeats,
    readiness: () => [],
    troubles: () => [],
    metrics: async () => never(),
    state: () => ({}),
    report: () => [],
  };

  await expect(startHttpServer(server.address, deps)).rejects.toMatchObject({ code: 'port-in-use' });
});

const never = (): never => {
  throw new Error('not called');
};

describe('the health check', () => {
  it('is ok while the loops beat, not ok with the reason once one stands still', async () => {
    const { clock, heartbeats, server } = await givenServer();
    heartbeats.watch('leases', 1_000);

    expect(await checkHealth(server.address, systemClock)).toMatchObject({ ok: true });
    await clock.advance(1_001);
    const { ok, body } = await checkHealth(server.address, systemClock);
    expect(ok).toBe(false);
    expect(body).toContain('leases');
  });

  it('a worker that does not listen, or does not answer in time, is not well', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const clock = new VirtualClock();

    const asking = checkHealth(`0.0.0.0:${port}`, clock);
    await clock.advance(3_000);

    expect(await asking).toMatchObject({ ok: false, body: expect.stringContaining('AbortError') });
    silent.closeAllConnections();
    await new Promise((resolve) => silent.close(resolve));
    expect(await checkHealth(`127.0.0.1:${port}`, systemClock)).toMatchObject({ ok: false });
  });
});
