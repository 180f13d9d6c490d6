import { KinesisClient } from '@aws-sdk/client-kinesis';
import { NodeHttp2Handler } from '@smithy/node-http-handler';
import { freePort, LOCAL_HOST } from '../../../src/local/engine-process.ts';
import { startKinesis } from '../../../src/local/kinesis-engine.ts';
import { createLocalClients, LOCAL_AWS } from '../../../src/local/local-clients.ts';
import { type FanOutUnderTest, fanOutContract } from '../../support/fan-out-contract.ts';

/** The SDK gives an event stream a connection of its own and announces at once that it is the last one (GOAWAY),
 *  which this engine answers with a protocol error. Without `isEventStream` it does not. */
function handlerWithoutGoAway(): NodeHttp2Handler {
  const handler = new NodeHttp2Handler({
    maxConcurrentStreams: 1,
    sessionTimeout: 60_000,
    nodeHttp2ConnectOptions: { rejectUnauthorized: false },
  });
  const handle = handler.handle.bind(handler);
  return Object.assign(handler, {
    handle: (...[request, options]: Parameters<typeof handle>) =>
      handle(request, { ...options, isEventStream: false } as typeof options),
  });
}

async function startOverTls(): Promise<FanOutUnderTest> {
  const tlsPort = await freePort();
  const engine = await startKinesis({ tlsPort });
  const { kinesis, dynamodb } = createLocalClients({ kinesisEndpoint: engine.endpoint });
  dynamodb.destroy();
  const streaming = new KinesisClient({
    region: LOCAL_AWS.region,
    credentials: { accessKeyId: LOCAL_AWS.accessKeyId, secretAccessKey: LOCAL_AWS.secretAccessKey },
    maxAttempts: 1,
    endpoint: `https://${LOCAL_HOST}:${tlsPort}`,
    requestHandler: handlerWithoutGoAway(),
  });
  return {
    kinesis,
    streaming,
    stop: () => {
      for (const client of [kinesis, streaming]) client.destroy();
      return engine.stop();
    },
  };
}

fanOutContract('kinesis-local', startOverTls, { refusesSecond: true });
