import { KinesisClient } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { createLocalClients, LOCAL_AWS } from '../../src/local/local-clients.ts';
import { engineFromEnv } from '../support/engine-from-env.ts';
import { type FanOutUnderTest, fanOutContract } from '../support/fan-out-contract.ts';

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
