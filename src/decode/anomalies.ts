/** Oddities of an event's data that are accepted and counted. */
import type { ConnectionData } from './connection-data.ts';
import type { Envelope } from './envelope.ts';
import type { Anomaly } from './event.ts';

/** An absent part counts as 0; an absent total agrees with everything. */
const disagrees = (total: bigint | undefined, download: bigint | undefined, upload: bigint | undefined) =>
  total !== undefined && total !== (download ?? 0n) + (upload ?? 0n);

/** Nearly always: one for all, since events wait in memory. */
const NO_ANOMALIES: readonly Anomaly[] = [];

export function findAnomalies(
  data: ConnectionData,
  envelope: Envelope,
  isTypeMismatch: boolean,
): readonly Anomaly[] {
  const anomalies: Anomaly[] = [];
  const start = data.data_session_update_start_time;
  const end = data.data_session_update_end_time;
  if (disagrees(data.data_total, data.data_download, data.data_upload)) anomalies.push('total-mismatch');
  if (disagrees(data.data_session_data_total, data.data_session_data_download, data.data_session_data_upload))
    anomalies.push('session-total-mismatch');
  if (start !== undefined && end !== undefined && end < start) anomalies.push('window-reversed');
  if (isTypeMismatch) anomalies.push('type-mismatch');
  if (data.event_sid && envelope.eventSid && data.event_sid !== envelope.eventSid)
    anomalies.push('sid-mismatch');
  return anomalies.length > 0 ? anomalies : NO_ANOMALIES;
}
