/** The SIM item as stored: `<prefix>-sims`. */
import { z } from 'zod';
import {
  bytes,
  count,
  errorSchema,
  expiry,
  instant,
  networkSchema,
  schemaVersion,
  text,
} from './item-values.ts';

const SCHEMA_VERSION = 1;

const otaSchema = z
  .object({
    last_check_at: instant('Latest session on ota.super.').optional(),
    last_check_ended_at: instant('When the latest ended check ended.').optional(),
    last_check_bytes: bytes('Session total of the latest ended check (schema v2).').optional(),
    check_count: count('Sessions started on ota.super.').optional(),
    blocks_in_a_row: count('Checks opened back to back: an update in several blocks.').optional(),
  })
  .meta({ description: 'The SIM’s own updates over ota.super.' });

const counters = {
  accepted_count: count('Distinct accepted attachments.').default(0),
  rejected_count: count('Distinct rejected attachments.').default(0),
  failed_count: count('Distinct failed attachments.').default(0),
  session_started_count: count('Distinct starts of data sessions.').default(0),
  session_ended_count: count('Distinct ends of data sessions.').default(0),
  session_failed_count: count('Distinct failures of data sessions.').default(0),
  session_start_failed_count: count(
    'Distinct failures to start a data session, which has no SID then.',
  ).default(0),
  rejections: z
    .record(z.string(), count('Rejections.'))
    .meta({ description: 'Rejections by network and error code, such as 310-260|83702.' })
    .default({}),
  rejections_in_a_row: count('At the end of the last 16 transitions; 16 means 16 or more.').default(0),
  attachments_without_session: count(
    'Attachments in a row without a data session, at the end of the last 16 transitions; 16 means 16 or more.',
  ).default(0),
};

export const simSchema = z
  .object({
    sim_sid: text('The SIM. Key of the table.'),
    account_sid: text('The account. Last value by event time.').optional(),
    fleet_sid: text('The fleet. Last value by event time.').optional(),
    sim_iccid: text('The SIM card’s number. Last value by event time.').optional(),
    sim_unique_name: text('The name that the account gave the SIM. Last value by event time.').optional(),
    data_modifier: text('“blocked” when the data limit is reached; absent when it is not.').optional(),
    rat_type: text('Radio access technology. Last value by event time.').optional(),
    network: networkSchema.optional(),
    connection_state: z
      .enum(['blocked', 'online', 'attached', 'offline'])
      .meta({ description: 'Where the latest events leave the SIM.' })
      .optional(),
    last_attachment: z
      .enum(['accepted', 'rejected', 'failed'])
      .meta({ description: 'The latest attachment; absent before the first.' })
      .optional(),
    last_attachment_at: instant('The latest attachment.').optional(),
    last_attachment_error: errorSchema.meta({ description: 'The latest attachment’s error.' }).optional(),
    last_session_at: instant('The latest start or end of a data session.').optional(),
    ...counters,
    open_session_count: count(
      'Sessions open now, among the last 4 started on user APNs and the last 4 on ota.super.',
    ).default(0),
    super_session_sid: text('The latest open session on a user APN; absent when none.').optional(),
    ota_session_sid: text('The latest open session on ota.super; absent when none.').optional(),
    ota: otaSchema.optional(),
    imsi_count: count('Different IMSIs seen, by tags of 16 bits; no IMSI is kept.').default(0),
    flags: z
      .array(z.string())
      .meta({
        description:
          'Of reattaching, rejection-storm, data-limit-reached, several-sessions, ota-in-blocks, sorted; absent when none. There may be others later.',
      })
      .default([]),
    version: count('Grows by one with each write.'),
    updated_at: instant('When the worker wrote it.'),
    expires_at: expiry().optional(),
    schema_version: schemaVersion(SCHEMA_VERSION),
  })
  .meta({
    title: 'SIM item',
    description:
      'The state of one SIM in <prefix>-sims. An absent attribute was in no event. The private attributes dedup and state are left out; attributes that are not listed may come and are to be ignored.',
  });

/** A SIM as stored, with exact numbers and without what is private. */
export type Sim = z.output<typeof simSchema>;
