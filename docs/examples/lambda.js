import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { changesOf } from 'supersim-meter/reader';

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));

/** Adds what a session grew by to a table of our own, once: a repeated record has no newer version. */
async function add({ dataSessionSid, version, totalBytes, session }) {
  try {
    await client.send(
      new UpdateCommand({
        TableName: process.env['BILLING_TABLE'],
        Key: { data_session_sid: dataSessionSid },
        UpdateExpression: 'ADD billed_bytes :grown SET last_version = :version, fleet_sid = :fleet',
        ConditionExpression: 'attribute_not_exists(last_version) OR last_version < :version',
        ExpressionAttributeValues: {
          ':grown': totalBytes,
          ':version': version,
          ':fleet': session.fleet_sid ?? '-',
        },
      }),
    );
  } catch (error) {
    if (error.name !== 'ConditionalCheckFailedException') throw error;
  }
}

/** Event source: the stream of <prefix>-sessions, NEW_AND_OLD_IMAGES. A failure makes Lambda repeat the batch, in
 *  the same order. */
export async function handler(event) {
  for (const record of event.Records)
    for (const change of changesOf(record)) if (change.kind === 'grew') await add(change);
}
