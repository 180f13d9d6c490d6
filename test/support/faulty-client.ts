import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

export type Fault = 'none' | 'lost-request' | 'lost-answer' | 'throttled' | 'crash';

/** A client that fails as told, per call: the request never arrives, it is applied and its answer is lost, it
 *  is throttled, or the process "crashes" (an error that nothing retries). */
export function faultyClient(
  client: DynamoDBDocumentClient,
  faultOf: (command: string, table: string) => Fault,
): DynamoDBDocumentClient {
  const named = (name: string): Error => Object.assign(new Error(name), { name });
  const send = async (command: {
    constructor: { name: string };
    input: { TableName?: string };
  }): Promise<unknown> => {
    const fault = faultOf(command.constructor.name, command.input.TableName ?? '');
    if (fault === 'lost-request') throw named('TimeoutError');
    if (fault === 'throttled') throw named('ThrottlingException');
    if (fault === 'crash') throw named('SimulatedCrash');
    const answer = await client.send(command as never);
    if (fault === 'lost-answer') throw named('TimeoutError');
    return answer;
  };
  return { send } as unknown as DynamoDBDocumentClient;
}
