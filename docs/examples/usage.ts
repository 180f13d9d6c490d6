import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createReader, type UsageRow } from 'supersim-meter/reader';

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const reader = createReader({
  client,
  tablePrefix: process.env['SUPERSIM_TABLE_PREFIX'] ?? 'supersim-meter',
});

const shown = ({ period, user, ota, lines }: UsageRow): string =>
  `${period.slice(0, 10)}: ${user.totalBytes} bytes, ${ota.totalBytes} of the SIM's own updates, ` +
  `on ${new Set(lines.map(({ mcc, mnc }) => `${mcc}-${mnc}`)).size} networks`;

const [fleetSid = '', from = '', to = ''] = process.argv.slice(2);
for (const row of await reader.usageOfFleet(fleetSid, { from, to, by: 'day' })) console.log(shown(row));
