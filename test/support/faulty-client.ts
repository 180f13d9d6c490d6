import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

export type Fault = 'none' | 'lost-request' | 'lost-answer' | 'throttled' | 'crash';

interface Target {
  readonly TableName?: string;
  readonly RequestItems?: Readonly<Record<string, unknown>>;
  readonly Statements?: readonly { readonly Statement: string }[];
}

const targetOf = ({ TableName, RequestItems = {}, Statements = [] }: Target): string =>
  TableName ?? [...Object.keys(RequestItems), ...Statements.map(({ Statement }) => Statement)].join(' ');

/** A client that fails as told, per call: the request never arrives, it is applied and its answer is lost, it
 *  is throttled, or the process "crashes" (an error that nothing retries). `target`: the table, of a batch its
 *  statements. */
export function faultyClient(
  client: DynamoDBDocumentClient,
  faultOf: (command: string, target: string) => Fault,
): DynamoDBDocumentClient {
  const named = (name: string): Error => Object.assign(new Error(name), { name });
  const send = async (command: { constructor: { name: string }; input: Target }): Promise<unknown> => {
    const fault = faultOf(command.constructor.name, targetOf(command.input));
    if (fault === 'lost-request') throw named('TimeoutError');
    if (fault === 'throttled') throw named('ThrottlingException');
    if (fault === 'crash') throw named('SimulatedCrash');
    const answer = await client.send(command as never);
    if (fault === 'lost-answer') throw named('TimeoutError');
    return answer;
  };
  return { send } as unknown as DynamoDBDocumentClient;
}
