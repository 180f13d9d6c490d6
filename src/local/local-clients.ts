import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/** What embedded engines take: any key, one region. */
export const LOCAL_AWS = { region: 'us-east-1', accessKeyId: 'local', secretAccessKey: 'local' } as const;

const settings = (endpoint: string) => ({
  endpoint,
  region: LOCAL_AWS.region,
  credentials: { accessKeyId: LOCAL_AWS.accessKeyId, secretAccessKey: LOCAL_AWS.secretAccessKey },
  // HTTP/1.1: the Kinesis client's default HTTP/2 handler fails on an engine's plain port.
  requestHandler: new NodeHttpHandler({
    connectionTimeout: 1_000,
    requestTimeout: 30_000,
    throwOnRequestTimeout: true,
  }),
});

/** Clients for engines on this machine, whatever the environment says. */
export function createLocalClients(endpoints: {
  readonly kinesisEndpoint?: string;
  readonly dynamodbEndpoint?: string;
}) {
  const kinesis = new KinesisClient(settings(endpoints.kinesisEndpoint ?? 'http://127.0.0.1:4567'));
  const dynamodb = new DynamoDBClient(settings(endpoints.dynamodbEndpoint ?? 'http://127.0.0.1:8000'));
  return {
    kinesis,
    dynamodb,
    data: DynamoDBDocumentClient.from(dynamodb, {
      marshallOptions: { removeUndefinedValues: true },
      unmarshallOptions: { wrapNumbers: true },
    }),
  };
}

/** What another process needs to reach the engines. */
export const localEnvironment = (
  kinesis: { readonly endpoint: string },
  dynamodb: { readonly endpoint: string },
): Record<string, string> => ({
  AWS_REGION: LOCAL_AWS.region,
  AWS_ACCESS_KEY_ID: LOCAL_AWS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: LOCAL_AWS.secretAccessKey,
  AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint,
  AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
});
