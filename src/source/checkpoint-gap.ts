import type { ReadGap, RecordPage } from './record.ts';
import type { ReadPosition } from './start-position.ts';

/** Reading from a checkpoint begins with the very record it names. Another one first, or none up to the shard's
 *  end, means that retention has taken it, and perhaps others that nobody had counted. `position` is where the
 *  page was read from. */
export function gapBefore(
  position: ReadPosition,
  { records, shardEnd }: Pick<RecordPage, 'records' | 'shardEnd'>,
): ReadGap | undefined {
  if (typeof position === 'string' || !('sequenceNumber' in position)) return undefined;
  const firstSequenceNumber = records[0]?.sequenceNumber;
  const isThere = firstSequenceNumber === position.sequenceNumber;
  if (isThere || (firstSequenceNumber === undefined && !shardEnd)) return undefined;
  return { after: position.sequenceNumber, firstSequenceNumber };
}
