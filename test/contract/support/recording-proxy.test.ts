/** What the fleet tests lean on: the proxy changes nothing, and its log is true. */
import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RecordingProxy } from '../../support/recording-proxy.ts';
import { until } from '../../support/until.ts';

const TARGET = 'Kinesis_20131202.GetRecords';
const agent = new Agent({ keepAlive: true });

let engine: Server;
let proxy: RecordingProxy;
/** Answers with what it got, in its own header and body. */
let isEngineSilent = false;

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

beforeEach(async () => {
  isEngineSilent = false;
  engine = createServer((incoming, outgoing) => {
    void bytesOf(incoming).then((body) => {
      if (isEngineSilent) return;
      outgoing.writeHead(418, { 'x-echo': String(incoming.headers['authorization']) });
      outgoing.end(body);
    });
  });
  await new Promise<void>((resolve) => engine.listen(0, '127.0.0.1', resolve));
  proxy = await RecordingProxy.start('caller', `http://127.0.0.1:${(engine.address() as AddressInfo).port}`);
});
afterEach(async () => {
  await proxy.stop();
  engine.closeAllConnections();
  await new Promise((resolve) => engine.close(resolve));
});

function call(body: Uint8Array, signal?: AbortSignal) {
  return new Promise<{ status: number; echo: unknown; body: Buffer; isReused: boolean }>(
    (resolve, reject) => {
      const sent = request(
        proxy.endpoint,
        {
          method: 'POST',
          agent,
          headers: { 'x-amz-target': TARGET, authorization: 'AWS4 x' },
          ...(signal ? { signal } : {}),
        },
        (answer) => {
          bytesOf(answer).then(
            (bytes) =>
              resolve({
                status: answer.statusCode ?? 0,
                echo: answer.headers['x-echo'],
                body: bytes,
                isReused: sent.reusedSocket,
              }),
            reject,
          );
        },
      );
      sent.once('error', reject);
      sent.end(body);
    },
  );
}

describe('the recording proxy', () => {
  it('passes status, headers and any bytes, on connections that stay open', async () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);

    const [first, second] = [await call(bytes), await call(bytes)];

    expect([first.status, first.echo, Buffer.compare(first.body, bytes)]).toEqual([418, 'AWS4 x', 0]);
    expect([first.isReused, second.isReused]).toEqual([false, true]);
  });

  it('writes down who asked what, the answer, and when', async () => {
    await call(Buffer.from('{"ShardIterator":"é"}'));
    await until('the call has ended', 1_000, () => proxy.calls[0]?.isAnswered === true);

    const [recorded] = proxy.calls;
    expect(recorded).toMatchObject({ caller: 'caller', operation: 'GetRecords', status: 418 });
    expect([recorded?.request, recorded?.response]).toEqual([{ ShardIterator: 'é' }, { ShardIterator: 'é' }]);
    expect(recorded?.endedAtMs).toBeGreaterThanOrEqual(recorded?.startedAtMs ?? Number.NaN);
  });

  it('holds answers that the engine has given, and lets them go', async () => {
    proxy.holdAnswers();
    let isThrough = false;
    const held = call(Buffer.from('{}')).then(() => {
      isThrough = true;
    });
    await until('the engine has answered', 1_000, () => proxy.openCalls().length === 1);
    expect(isThrough).toBe(false);

    proxy.letAnswersGo();
    await held;

    await until('nothing is open', 1_000, () => proxy.openCalls().length === 0);
  });

  it('knows a call that its caller gave up from one that was answered', async () => {
    isEngineSilent = true;
    const hangUp = new AbortController();
    const given = call(Buffer.from('{}'), hangUp.signal);
    given.catch(() => undefined);
    await until('the call has come', 1_000, () => proxy.calls.length === 1);

    hangUp.abort();

    await expect(given).rejects.toThrow('aborted');
    await until('the hang-up is seen', 1_000, () => proxy.calls[0]?.endedAtMs !== Number.POSITIVE_INFINITY);
    expect(proxy.calls[0]).toMatchObject({ isAnswered: false, status: 0 });
  });
});
