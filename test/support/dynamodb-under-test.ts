/** A DynamoDB for the contract suites: a real engine over HTTP, or the simulated one. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type DynamoDbEngineName, startDynamoDb } from '../../src/local/dynamodb-engine.ts';
import { createLocalClients } from '../../src/local/local-clients.ts';
import { systemClock } from '../../src/time.ts';
import { sdkClientOf } from '../simulation/dynamodb/sdk-handler.ts';
import { SimDynamoDb } from '../simulation/sim-dynamodb.ts';
import { engineFromEnv } from './engine-from-env.ts';

export interface DynamoDbUnderTest {
  readonly dynamodb: DynamoDBClient;
  /** A client of its own: all document clients over one share the settings of the last (measured, 3.1162). */
  connect(): DynamoDBClient;
  stop(): Promise<void>;
}

export type StartDynamoDb = () => Promise<DynamoDbUnderTest>;

/** In the project `localstack` it is what the environment names, whichever engine is asked for. */
export const overHttp =
  (engine: DynamoDbEngineName): StartDynamoDb =>
  async () => {
    const chosen = engineFromEnv();
    const running = chosen.kind === 'endpoint' ? chosen.engine : await startDynamoDb({ engine });
    const clients: DynamoDBClient[] = [];
    const connect = (): DynamoDBClient => {
      const { dynamodb, kinesis } = createLocalClients({ dynamodbEndpoint: running.endpoint });
      kinesis.destroy();
      clients.push(dynamodb);
      return dynamodb;
    };
    return {
      dynamodb: connect(),
      connect,
      stop: () => {
        for (const client of clients) client.destroy();
        return running.stop();
      },
    };
  };

export const simulated: StartDynamoDb = async () => {
  const engine = new SimDynamoDb(systemClock);
  const connect = (): DynamoDBClient => sdkClientOf(engine);
  return { dynamodb: connect(), connect, stop: () => Promise.resolve() };
};

/** As the worker's clients are: exact numbers. */
export const documentClient = ({ connect }: DynamoDbUnderTest): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(connect(), {
    marshallOptions: { removeUndefinedValues: true },
    unmarshallOptions: { wrapNumbers: true },
  });
