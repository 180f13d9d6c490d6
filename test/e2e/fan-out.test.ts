/** The whole worker, by enhanced fan-out: a real process against a server that speaks HTTP/2 and event streams. */
import { connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/time.ts';
import { type Engines, startEngines, summaryOf } from '../support/engines.ts';
import { EventStreamServer } from '../support/event-stream-server.ts';
import { FakeKinesis } from '../support/fake-kinesis.ts';
import { sessionData, twilio } from '../support/stream-records.ts';

let engines: Engines;
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(() => engines?.stop());

const HTTP2_PREFACE = 'PRI';

/** One port for both protocols, as on AWS: who begins with HTTP/2's preface is passed on to that server. */
async function startFront(
  server: EventStreamServer,
): Promise<{ endpoint: string; stop: () => Promise<void> }> {
  const front = createServer((socket) => {
    socket.once('data', (first) => {
      const { port } = new URL(
        first.toString('latin1').startsWith(HTTP2_PREFACE) ? server.endpoint : server.jsonEndpoint,
      );
      const upstream = connect(Number(port), '127.0.0.1');
      upstream.write(first);
      socket.pipe(upstream).pipe(socket);
      for (const end of [socket, upstream])
        end
          .on('error', () => {})
          .on('close', () => [socket, upstream].forEach((each) => void each.destroy()));
    });
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const { port } = front.address() as { port: number };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop: () => new Promise((resolve) => front.close(() => resolve())),
  };
}

describe('enhanced fan-out', () => {
  it('registers its consumer, counts every event of two shards and a split exactly once, and drains', async () => {
    const world = await engines.world(1);
    const kinesis = new FakeKinesis(systemClock, { shards: 2 });
    const server = await EventStreamServer.start(kinesis);
    const front = await startFront(server);
    try {
      for (let n = 1; n <= 40; n += 1)
        kinesis.put(twilio(sessionData(`s${n % 4}`, n, 'updated')), kinesis.shardId(n % 2));
      const [child = ''] = kinesis.split(kinesis.shardId(1));
      for (let n = 41; n <= 50; n += 1) kinesis.put(twilio(sessionData('late', n, 'updated')), child);
      const env = {
        AWS_ENDPOINT_URL_KINESIS: front.endpoint,
        SUPERSIM_STREAM: 'supersim-events',
        SUPERSIM_FAN_OUT_CONSUMER: 'meter',
      };

      const summary = summaryOf(await world.drain(env));

      expect(summary).toMatchObject({ read: 50, applied: 50 });
      expect(server.consumers.calls.filter((call) => call === 'RegisterStreamConsumer')).toHaveLength(1);
      expect(new Set(server.subscriptions.map(({ input }) => input.ShardId)).size).toBe(4);
      const counts = (await world.items('sessions')).map((item) => Number(item['event_count']));
      expect(counts.sort((a, b) => a - b)).toEqual([10, 10, 10, 10, 10]);
      // A second run goes on from the checkpoints.
      expect(summaryOf(await world.drain(env)).applied).toBe(0);
    } finally {
      await Promise.all([front.stop(), server.stop()]);
    }
  });
});
