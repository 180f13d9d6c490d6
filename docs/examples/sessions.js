import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createReader } from 'supersim-meter/reader';

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const reader = createReader({
  client,
  tablePrefix: process.env['SUPERSIM_TABLE_PREFIX'] ?? 'supersim-meter',
});

const [simSid = '', from = '', to = ''] = process.argv.slice(2);
for await (const session of reader.sessionsOfSim(simSid, { from, to }))
  console.log(`${session.started_at} ${session.status} ${session.total_bytes} bytes`);

const sim = await reader.sim(simSid);
console.log(`now ${sim?.connection_state}, ${sim?.rejected_count} attachments rejected so far`);
