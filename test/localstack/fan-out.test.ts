import { KinesisClient } from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { createLocalClients, LOCAL_AWS } from '../../src/local/local-clients.ts';
import { putRecords } from '../../src/local/put-records.ts';
import { systemClock, systemRandom } from '../../src/time.ts';
import { engineFromEnv } from '../support/engine-from-env.ts';
import { type Engines, startEngines, summaryOf } from '../support/engines.ts';
import { type FanOutUnderTest, fanOutContract } from '../support/fan-out-contract.ts';
import { sessionData, twilio } from '../support/stream-records.ts';

/** Over HTTP/1.1: with HTTP/2 LocalStack's gateway opens the subscription and holds every event back (4.14.0). */
async function startAtEndpoint(): Promise<FanOutUnderTest> {
  const chosen = engineFromEnv();
  const endpoint = chosen.kind === 'endpoint' ? chosen.engine.endpoint : '';
  const { kinesis, dynamodb } = createLocalClients({ kinesisEndpoint: endpoint });
  dynamodb.destroy();
  const streaming = new KinesisClient({
    region: LOCAL_AWS.region,
    credentials: { accessKeyId: LOCAL_AWS.accessKeyId, secretAccessKey: LOCAL_AWS.secretAccessKey },
    maxAttempts: 1,
    endpoint,
    requestHandler: new NodeHttpHandler(),
  });
  return {
    kinesis,
    streaming,
    stop: async () => {
      for (const client of [kinesis, streaming]) client.destroy();
    },
  };
}

fanOutContract('LocalStack', startAtEndpoint, { refusesSecond: false });

describe('a worker that is to read by fan-out', () => {
  let engines: Engines;
  beforeAll(async () => {
    engines = await startEngines();
  });
  afterAll(() => engines?.stop());

  it('registers its consumer, is pushed nothing, polls instead, and counts every event once', async () => {
    const world = await engines.world(1);
    const events = Array.from({ length: 20 }, (_, n) => twilio(sessionData('pushed', n + 1, 'updated')));
    await putRecords(
      { kinesis: engines.clients.kinesis, clock: systemClock, random: systemRandom },
      world.stream,
      events.map((text) => ({ partitionKey: 'key', data: new TextEncoder().encode(text) })),
    );

    const finished = await world.drain({ SUPERSIM_FAN_OUT_CONSUMER: 'meter' });

    expect(summaryOf(finished)).toMatchObject({ read: 20, applied: 20 });
    expect(finished.stdout).toContain('consumer.registered');
    expect(finished.stdout).toContain('nothing-pushed');
    expect((await world.items('sessions')).map((item) => item['event_count'])).toEqual([20n]);
  });
});
