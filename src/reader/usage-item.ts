/** The usage item as stored: `<prefix>-usage`, one per SIM, UTC day and fleet. */
import { z } from 'zod';
import { bytes, count, expiry, instant, schemaVersion, text } from './item-values.ts';

const SCHEMA_VERSION = 1;

const lineSchema = z
  .object({ down: bytes('Downloaded.'), up: bytes('Uploaded.') })
  .meta({ description: 'What was used in the hour on one APN and network.' });

export const usageSchema = z
  .object({
    sim_sid: text('The SIM. Partition key of the table.'),
    day_fleet: text('Day and fleet, such as 2026-11-24#HF…, or 2026-11-24#- without a fleet. Sort key.'),
    day: z.string().meta({ description: 'The day in UTC. Sort key of index by-fleet.', format: 'date' }),
    fleet_sid: text('The fleet; absent when the events name none. Key of index by-fleet.').optional(),
    account_sid: text('The account.').optional(),
    download_bytes: bytes('Downloaded in the day: sum of the windows of distinct events, by window end.'),
    upload_bytes: bytes('Uploaded in the day: sum of the windows of distinct events, by window end.'),
    total_bytes: bytes('Downloaded and uploaded.'),
    hours: z.record(z.string().regex(/^\d\d$/), z.record(z.string(), lineSchema)).meta({
      description:
        'Hour of the day in UTC (“05”) → line → bytes. A line is apn|mcc-mnc|country, such as super|310-260|US; an absent part is empty, and “|” and “\\” in an APN are escaped by “\\”.',
    }),
    version: count('Grows by one with each write.'),
    updated_at: instant('When the worker wrote it.'),
    expires_at: expiry().optional(),
    schema_version: schemaVersion(SCHEMA_VERSION),
  })
  .meta({
    title: 'Usage item',
    description:
      'What one SIM used in one UTC day in one fleet, in <prefix>-usage; the current hour of open sessions is not yet in it. The private attribute dedup is left out; attributes that are not listed may come and are to be ignored.',
  });

/** A day's usage as stored, with exact numbers and without what is private. */
export type UsageDay = z.output<typeof usageSchema>;
