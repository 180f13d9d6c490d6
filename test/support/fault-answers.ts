/** Errors as the services send them. Source: AWS, JSON 1.0 and 1.1 protocols; DynamoDB "Error handling"; Kinesis
 *  "Common errors". */
import type { Answer, Json } from './recorded-call.ts';

/** By the `x-amz-target` of a call. */
export type Service = 'kinesis' | 'dynamodb';

const answer = (service: Service, status: number, body: Json): Answer => ({
  status,
  headers: {
    'content-type': service === 'kinesis' ? 'application/x-amz-json-1.1' : 'application/x-amz-json-1.0',
  },
  body: Buffer.from(JSON.stringify(body)),
});

const DYNAMODB = 'com.amazonaws.dynamodb.v20120810#';

export const internalError = (service: Service): Answer =>
  service === 'kinesis'
    ? answer(service, 500, { __type: 'InternalFailureException' })
    : answer(service, 500, { __type: `${DYNAMODB}InternalServerError`, message: 'The request failed' });

/** `request`: the call's own. A throttled BatchGetItem is, half the time, an answer without items whose keys are all
 *  unprocessed. */
export function throttled(service: Service, operation: string, request: Json, isOtherForm: boolean): Answer {
  const message = 'Rate exceeded';
  if (service === 'kinesis')
    return answer(service, 400, {
      __type:
        isOtherForm && !operation.startsWith('Get')
          ? 'LimitExceededException'
          : 'ProvisionedThroughputExceededException',
      message,
    });
  if (operation === 'BatchGetItem' && isOtherForm) {
    const tables = (request['RequestItems'] ?? {}) as Json;
    const none = Object.fromEntries(Object.keys(tables).map((table) => [table, []]));
    return answer(service, 200, { Responses: none, UnprocessedKeys: tables });
  }
  const __type = isOtherForm
    ? 'com.amazon.coral.availability#ThrottlingException'
    : `${DYNAMODB}ProvisionedThroughputExceededException`;
  return answer(service, 400, { __type, message });
}
