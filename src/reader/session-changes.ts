/** What happened to a session between the two images of a stream record; pure. */
import { parseSession } from './parse-item.ts';
import type { Session } from './session-item.ts';
import { imagesOf, type StreamRecord } from './stream-record.ts';

interface ChangeOf {
  readonly dataSessionSid: string;
  readonly simSid: string;
  /** The record's id: the same when Lambda delivers it again. */
  readonly eventId: string | undefined;
  /** The session's version after the change (before it, when removed): grows with each write, so that a consumer
   *  which keeps the last one per session knows a repetition. */
  readonly version: number;
  /** The session after the change; before it, when removed. */
  readonly session: Session;
}

/** `opened`: first written. `grew`: by so many bytes, exactly the difference of the images, so that the sum over all
 *  records is the item. `ended`, `failed`: the status became it. `removed`: deleted, by TTL or by hand. */
export type SessionChange =
  | (ChangeOf & { readonly kind: 'opened' | 'ended' | 'failed' | 'removed' })
  | (ChangeOf & {
      readonly kind: 'grew';
      readonly downloadBytes: bigint;
      readonly uploadBytes: bigint;
      readonly totalBytes: bigint;
    });

const isOfSessions = ({ dynamodb }: StreamRecord): boolean =>
  'data_session_sid' in (dynamodb?.NewImage ?? dynamodb?.OldImage ?? { data_session_sid: '' });

function growth(before: Session | undefined, after: Session) {
  const downloadBytes = after.download_bytes - (before?.download_bytes ?? 0n);
  const uploadBytes = after.upload_bytes - (before?.upload_bytes ?? 0n);
  return { downloadBytes, uploadBytes, totalBytes: downloadBytes + uploadBytes };
}

/** What a record of the sessions table's stream says, in the order opened, grew, ended or failed; none when only other
 *  attributes changed, or when the record is of another table. A terminal event may still follow a terminal event, and
 *  late usage may follow the end.
 *  @throws ReaderError `image-missing`, `item-newer`, `item-invalid` */
export function changesOf(record: StreamRecord): SessionChange[] {
  if (!isOfSessions(record)) return [];
  const images = imagesOf(record);
  const before = images.before && parseSession(images.before);
  const after = images.after && parseSession(images.after);
  const session = after ?? before;
  if (!session) return [];
  const change: ChangeOf = {
    dataSessionSid: session.data_session_sid,
    simSid: session.sim_sid,
    eventId: record.eventID,
    version: session.version,
    session,
  };
  if (!after) return [{ ...change, kind: 'removed' }];
  const grown = growth(before, after);
  const changes: SessionChange[] = [];
  if (!before) changes.push({ ...change, kind: 'opened' });
  if (grown.downloadBytes !== 0n || grown.uploadBytes !== 0n)
    changes.push({ ...change, kind: 'grew', ...grown });
  if (after.status !== 'open' && after.status !== before?.status)
    changes.push({ ...change, kind: after.status });
  return changes;
}
