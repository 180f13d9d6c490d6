/** Reads session items for people and programs: plain attributes, without the private dedup memory. */
import { type DynamoDBDocumentClient, GetCommand, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { loadSessions } from './load-sessions.ts';

export type SessionItem = Readonly<Record<string, unknown>>;

const withoutPrivate = ({ dedup: _, ...item }: Record<string, unknown>): SessionItem => item;

/** One session, or undefined when there is none. */
export async function getSession(
  client: DynamoDBDocumentClient,
  tableName: string,
  dataSessionSid: string,
): Promise<SessionItem | undefined> {
  const answer = await client.send(
    new GetCommand({ TableName: tableName, Key: { data_session_sid: dataSessionSid }, ConsistentRead: true }),
  );
  return answer.Item && withoutPrivate(answer.Item);
}

/** Every session item of the table, in no order. */
export async function* scanSessions(
  client: DynamoDBDocumentClient,
  tableName: string,
): AsyncGenerator<SessionItem> {
  let startKey: Record<string, unknown> | undefined;
  do {
    const answer = await client.send(
      new ScanCommand({
        TableName: tableName,
        ConsistentRead: true,
        ...(startKey ? { ExclusiveStartKey: startKey } : {}),
      }),
    );
    yield* (answer.Items ?? []).map(withoutPrivate);
    startKey = answer.LastEvaluatedKey;
  } while (startKey);
}

/** The sessions of one SIM, latest start first. The index is eventually consistent; the items read are not. */
export async function* sessionsOfSim(
  client: DynamoDBDocumentClient,
  tableName: string,
  simSid: string,
): AsyncGenerator<SessionItem> {
  let startKey: Record<string, unknown> | undefined;
  do {
    const answer = await client.send(
      new QueryCommand({
        TableName: tableName,
        IndexName: 'by-sim',
        KeyConditionExpression: 'sim_sid = :sim',
        ExpressionAttributeValues: { ':sim': simSid },
        ScanIndexForward: false,
        ...(startKey ? { ExclusiveStartKey: startKey } : {}),
      }),
    );
    const sids = (answer.Items ?? []).map((item) => String(item['data_session_sid']));
    const items = await loadSessions(client, tableName, sids, () => Promise.resolve());
    for (const sid of sids) {
      const item = items.get(sid);
      if (item) yield withoutPrivate(item);
    }
    startKey = answer.LastEvaluatedKey;
  } while (startKey);
}
