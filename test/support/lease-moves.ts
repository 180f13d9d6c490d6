/** Where the time goes while a shard changes hands. */
import type { Silence } from './read-log.ts';
import { attributeOf, type RecordedCall } from './recorded-call.ts';

/** The parts of one silence, in ms; NaN when the write is not in the log. */
export interface Move extends Silence {
  /** Until the old owner's release or hand-over is stored: its idle pause, and what was in flight. */
  readonly untilGivenMs: number;
  /** From there until the new owner's take is stored: the wait for its look at the table. */
  readonly untilTakenMs: number;
  /** From there until its first GetRecords starts: iterator and queue. */
  readonly untilReadMs: number;
}

/** `leaseCalls`: of all workers, by start. */
export function movesOf(silences: readonly Silence[], leaseCalls: readonly RecordedCall[]): readonly Move[] {
  return silences.map((silence) => {
    const { shardId, from, to, fromMs, toMs } = silence;
    const writes = leaseCalls.filter(
      ({ operation, status, request, startedAtMs, endedAtMs }) =>
        operation === 'UpdateItem' &&
        status === 200 &&
        attributeOf(request['Key'], 'leaseKey') === shardId &&
        startedAtMs > fromMs &&
        endedAtMs < toMs,
    );
    const ownerIn = ({ request }: RecordedCall): unknown =>
      attributeOf(request['ExpressionAttributeValues'], ':leaseOwner');
    const isRelease = ({ request }: RecordedCall): boolean =>
      /REMOVE.*\bleaseOwner\b/.test(String(request['UpdateExpression']));
    const given = writes.findLast(
      (call) => call.caller === from && (isRelease(call) || ownerIn(call) === to),
    );
    const taken = writes.findLast(({ caller }) => caller === to);
    const [givenMs, takenMs] = [given?.endedAtMs ?? Number.NaN, taken?.endedAtMs ?? Number.NaN];
    return {
      ...silence,
      untilGivenMs: givenMs - fromMs,
      untilTakenMs: takenMs - givenMs,
      untilReadMs: toMs - takenMs,
    };
  });
}

const rounded = (ms: number | undefined): string => (ms ?? Number.NaN).toFixed(0);

/** "p50 12, max 34". */
export function spread(values: readonly number[]): string {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  return `p50 ${rounded(sorted[Math.floor(sorted.length / 2)])}, max ${rounded(sorted.at(-1))}`;
}
