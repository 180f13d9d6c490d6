/** The page's routes behind the real HTTP server; tables and workers are the test's. */
import { request as httpRequest } from 'node:http';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type HttpServerDeps,
  type RunningHttpServer,
  startHttpServer,
} from '../../../src/ops/http-server.ts';
import { isLoopback, mayAnswer } from '../../../src/ops/page-port.ts';
import { CONTENT_SECURITY_POLICY, Page } from '../../../src/page/page.ts';
import { etagOf } from '../../../src/page/page-assets.ts';
import type { SessionFinder } from '../../../src/page/session-finder.ts';
import type { Now } from '../../../src/page/shapes.ts';
import type { ItemReader } from '../../../src/reader/item-reader.ts';
import { tableNames } from '../../../src/store/tables.ts';
import { systemClock } from '../../../src/time.ts';
import { fleetShard, reportedShard, totals, workerReport } from './given-reports.ts';

const open: { server: RunningHttpServer; page: Page }[] = [];
afterEach(async () => {
  for (const { server, page } of open.splice(0)) {
    await server.stop();
    await page.stop();
  }
});

const SHARD = 'shardId-000000000003';
const HTML = Buffer.from('<!doctype html>');

function fakeReads() {
  const reads = { leases: 0, scans: 0, isDown: false };
  const guard = (): void => {
    if (reads.isDown) throw Object.assign(new Error('quoting 310170845466094'), { name: 'TimeoutError' });
  };
  return {
    reads,
    fleet: {
      watchMs: 1,
      look: async () => {
        reads.leases += 1;
        guard();
        return {
          lookedAtMs: 1,
          shards: [fleetShard(SHARD, { owner: 'w1' })],
          workers: [{ workerId: 'w1', isAlive: true, shards: 1 }],
        };
      },
      lags: async () => new Map(),
    },
    client: {
      send: async () => {
        reads.scans += 1;
        guard();
        return { Items: [] };
      },
    } as unknown as DynamoDBDocumentClient,
  };
}

async function givenPage(find: SessionFinder['find'] = async () => ({ kind: 'nothing', hint: '' })) {
  const { reads, fleet, client } = fakeReads();
  const report = workerReport('w1', {
    totals: totals({ read: 9, applied: 6, duplicate: 2, ignored: 1, downloadBytes: 2n ** 60n }),
    shards: [reportedShard(SHARD)],
  });
  const page = new Page({
    clock: systemClock,
    fleet,
    client,
    items: { getAll: async () => [] } as unknown as ItemReader,
    names: tableNames({ tablePrefix: 'p', application: 'a' }),
    reports: async () => [report],
    readiness: () => [],
    troubles: () => [],
    others: () => [],
    about: { version: '1', stream: 'events', application: 'a', endpoints: [], place: 'worker' },
    finder: { find } as SessionFinder,
    assets: new Map([['/', { body: HTML, contentType: 'text/html; charset=utf-8', etag: etagOf(HTML) }]]),
    close: () => undefined,
  });
  const server = await startHttpServer('127.0.0.1:0', {} as HttpServerDeps, page);
  open.push({ server, page });
  const get = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`http://${server.address}${path}`, init);
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
  return { get, reads, server };
}

/** As a browser whose address bar says `host`. */
const statusFor = (address: string, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const [hostname = '', port = ''] = address.split(':');
    httpRequest({ hostname, port, path: '/api/now', headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });

describe('the page', () => {
  it('forbids whatever is not its own: no inline script or style, no frame, no other host', async () => {
    const { get } = await givenPage();

    for (const path of ['/', '/api/now']) {
      const { status, headers } = await get(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect([path, status, policy]).toEqual([path, 200, CONTENT_SECURITY_POLICY]);
      expect(policy).not.toMatch(/unsafe|https?:|\*|data:/);
      expect(policy).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  it('sends nothing twice to who has it', async () => {
    const { get } = await givenPage();
    const first = await get('/');

    const again = await get('/', { headers: { 'if-none-match': first.headers.get('etag') ?? '' } });

    expect([first.status, again.status, again.body]).toEqual([200, 304, '']);
  });

  it('is read-only, and knows only its own paths', async () => {
    const { get } = await givenPage();

    for (const method of ['POST', 'PUT', 'DELETE', 'HEAD'])
      expect([method, (await get('/api/now', { method })).status]).toEqual([method, 405]);
    expect((await get('/page/../package.json')).status).toBe(404);
    expect((await get('/api/toString')).status).toBe(404);
  });

  it('answers a browser only under the name of this machine', async () => {
    const { server } = await givenPage();

    expect(await statusFor(server.address, server.address)).toBe(200);
    expect(await statusFor(server.address, 'localhost:9')).toBe(200);
    expect(await statusFor(server.address, 'stranger.example')).toBe(421);
  });
});

describe('/api/now', () => {
  it('shows the books, the shards and the workers', async () => {
    const { get } = await givenPage();

    const now = JSON.parse((await get('/api/now')).body) as Now;

    expect(now.books).toMatchObject({ read: 9, isBalanced: true, downloadBytes: String(2n ** 60n) });
    expect(now.verdict).toMatchObject({ level: 'good' });
    expect(now.shards).toMatchObject([{ leaseKey: SHARD, owner: 'w1', lagMs: 0 }]);
    expect(now.workers).toMatchObject([{ workerId: 'w1', isAlive: true, read: 9 }]);
  });

  it('reads the tables once for any number of browsers, and not at all for none', async () => {
    const { get, reads } = await givenPage();
    expect(reads).toMatchObject({ leases: 0, scans: 0 });

    const bodies = await Promise.all(Array.from({ length: 20 }, () => get('/api/now')));

    expect(new Set(bodies.map(({ body }) => body)).size).toBe(1);
    expect(reads).toMatchObject({ leases: 1, scans: 2 });
  });

  it('says why a table cannot be read, and quotes nothing', async () => {
    const { get, reads } = await givenPage();
    reads.isDown = true;

    const { body } = await get('/api/now');

    expect(body).not.toContain('310170845466094');
    const now = JSON.parse(body) as Now;
    expect(now.fleetProblem).toContain('AWS could not be reached (TimeoutError)');
    expect(now.letters).toEqual({ value: null, problem: expect.stringContaining('TimeoutError') });
    expect(now.books.read).toBe(9);
  });
});

describe('the other questions', () => {
  it('/api/history tells what there is, whatever number it is asked with', async () => {
    const { get } = await givenPage();

    for (const after of ['', '?after=0', '?after=x', '?after=-1', '?after=1e99'])
      expect(JSON.parse((await get(`/api/history${after}`)).body)).toMatchObject({ everyMs: 2_000 });
  });

  it('/api/find says why it failed, and quotes nothing', async () => {
    const { get } = await givenPage(async () => {
      throw new Error('quoting 310170845466094');
    });

    expect(JSON.parse((await get('/api/find?q=HS1')).body)).toEqual({
      kind: 'nothing',
      hint: 'Unexpected Error while looking for it.',
    });
  });
});

it.each([
  ['127.0.0.1:9464', true],
  ['localhost:80', true],
  ['[::1]:80', true],
  ['0.0.0.0:80', false],
  ['10.0.0.1:80', false],
])('%s is only for this machine: %s', (address, isOnly) => {
  expect(isLoopback(address)).toBe(isOnly);
  expect(mayAnswer(address, 'worker.internal')).toBe(!isOnly);
});
