/** The session item as stored: `<prefix>-sessions`. */
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

const personal = (what: string) =>
  text(`${what} Personal: stored only if SUPERSIM_PERSONAL_FIELDS names it.`).optional();

export const sessionSchema = z
  .object({
    data_session_sid: text('The session. Key of the table.'),
    account_sid: text('The account. Last value by event time.'),
    sim_sid: text('The SIM. Key of indexes by-sim and open-by-sim.'),
    fleet_sid: text('The fleet. Last value by event time.').optional(),
    sim_iccid: text('The SIM card’s number. Last value by event time.').optional(),
    sim_unique_name: text('The name that the account gave the SIM. Last value by event time.').optional(),
    apn: text(
      'The access point name; ota.super is the SIM’s own updates. Last value by event time.',
    ).optional(),
    status: z.enum(['open', 'ended', 'failed']).meta({
      description: 'The terminal event with the latest timestamp decides; nothing reopens a session.',
    }),
    started_at: instant('Start of the session. Sort key of index by-sim.').optional(),
    ended_at: instant('End of the session, only from an event, never invented.').optional(),
    usage_through: instant('Latest window end counted.').optional(),
    download_bytes: bytes('Downloaded: the larger of the largest cumulative counter and the sum of windows.'),
    upload_bytes: bytes('Uploaded: the larger of the largest cumulative counter and the sum of windows.'),
    total_bytes: bytes('Downloaded and uploaded.'),
    counted_download_bytes: bytes('Downloaded: sum of the windows of distinct events.'),
    counted_upload_bytes: bytes('Uploaded: sum of the windows of distinct events.'),
    missing_bytes: bytes('Counted by the vendor in windows whose event never arrived; 0 when whole.'),
    event_count: count('Distinct events.'),
    update_count: count('Distinct updated events.'),
    rat_type: text('Radio access technology. Last value by event time.').optional(),
    network: networkSchema.optional(),
    data_modifier: text('“blocked” when the data limit is reached; absent when it is not.').optional(),
    error: errorSchema.optional(),
    imsi: personal('The subscriber’s identity.'),
    imei: personal('The device’s identity.'),
    ip_address: personal('The session’s address.'),
    location: z
      .object({
        cell_id: text('The cell.').optional(),
        lac: text('The cell’s location area code.').optional(),
        lat: text('Latitude. Unit: degrees, as text.').optional(),
        lon: text('Longitude. Unit: degrees, as text.').optional(),
      })
      .meta({
        description: 'Where the cell is. Personal: stored only if SUPERSIM_PERSONAL_FIELDS names it.',
      })
      .optional(),
    is_open: text('“1” while the status is open, else absent. Sort key of index open-by-sim.').optional(),
    version: count('Grows by one with each write.'),
    updated_at: instant('When the worker wrote it.'),
    expires_at: expiry().optional(),
    schema_version: schemaVersion(SCHEMA_VERSION),
  })
  .meta({
    title: 'Session item',
    description:
      'One data session in <prefix>-sessions. An absent attribute was in no event. The private attribute dedup is left out; attributes that are not listed may come and are to be ignored.',
  });

/** A session as stored, with exact numbers and without what is private. */
export type Session = z.output<typeof sessionSchema>;
