/** What is known to be lost or late: sessions whose counters show lost events, sessions that fell silent, and stretches
 *  of the stream that retention took. Pure. Nothing is closed or filled in by guess. */
import { toIso } from '../time.ts';
import type { SessionRow } from './reader.ts';
import { sessionSpan } from './session-span.ts';

/** Records between a checkpoint and the oldest record there still was, recorded as a dead letter of reason `gap`. */
export interface StreamGap {
  readonly shardId: string;
  /** The last record that had been processed. */
  readonly afterSequenceNumber: string;
  /** Where reading went on; absent when the shard had ended. */
  readonly firstSequenceNumber?: string;
  readonly recordedAt: string;
}

export type Finding =
  | {
      readonly kind: 'missing-bytes';
      readonly dataSessionSid: string;
      readonly simSid: string | undefined;
      readonly missingBytes: bigint;
      readonly usageThrough: string | undefined;
    }
  | {
      readonly kind: 'stale-session';
      readonly dataSessionSid: string;
      readonly simSid: string | undefined;
      /** The last that was heard of it; absent when its events told no time. */
      readonly silentSince?: string;
      readonly silentForMs?: number;
    }
  | ({ readonly kind: 'stream-gap' } & StreamGap);

export interface Silence {
  readonly nowMs: number;
  readonly staleAfterMs: number;
}

/** What is wrong with one session: nothing, one thing, or two. */
export function findingsOf(row: SessionRow, { nowMs, staleAfterMs }: Silence): readonly Finding[] {
  const { data_session_sid: dataSessionSid, sim_sid: simSid, missing_bytes: missingBytes } = row;
  const findings: Finding[] = [];
  if (missingBytes > 0n)
    findings.push({
      kind: 'missing-bytes',
      dataSessionSid,
      simSid,
      missingBytes,
      usageThrough: row.usage_through,
    });
  const { isOpen, throughMs } = sessionSpan(row);
  if (isOpen && nowMs - throughMs > staleAfterMs)
    findings.push({
      kind: 'stale-session',
      dataSessionSid,
      simSid,
      ...(throughMs === Number.NEGATIVE_INFINITY
        ? {}
        : { silentSince: toIso(throughMs), silentForMs: nowMs - throughMs }),
    });
  return findings;
}
