/** What was added to a day's usage between the two images of a stream record; pure. */
import { parseUsage } from './parse-item.ts';
import { imagesOf, type StreamRecord } from './stream-record.ts';
import type { UsageDay } from './usage-item.ts';
import { parseLine, type UsageLine } from './usage-line.ts';

/** An hour's line that grew. */
export interface UsageChange extends UsageLine {
  readonly kind: 'usage-grew';
  readonly simSid: string;
  readonly fleetSid?: string;
  /** Start of the hour in UTC. ISO 8601 with milliseconds and `Z`. */
  readonly hour: string;
  /** Exactly the difference of the images. */
  readonly downloadBytes: bigint;
  readonly uploadBytes: bigint;
  /** The record's id: the same when Lambda delivers it again. */
  readonly eventId: string | undefined;
  /** The day's version after the change. */
  readonly version: number;
}

const NOTHING = { down: 0n, up: 0n };

function* grownLines(before: UsageDay | undefined, after: UsageDay) {
  for (const [hour, lines] of Object.entries(after.hours))
    for (const [name, { down, up }] of Object.entries(lines)) {
      const old = before?.hours[hour]?.[name] ?? NOTHING;
      const grown = { downloadBytes: down - old.down, uploadBytes: up - old.up };
      if (grown.downloadBytes !== 0n || grown.uploadBytes !== 0n) yield { hour, name, grown };
    }
}

/** What a record of the usage table's stream says, line by line; none when the record is of another table, or of a
 *  removed day.
 *  @throws ReaderError `image-missing`, `item-newer`, `item-invalid` */
export function usageChangesOf(record: StreamRecord): UsageChange[] {
  const image = record.dynamodb?.NewImage ?? record.dynamodb?.OldImage;
  if (image && !('day_fleet' in image)) return [];
  const images = imagesOf(record);
  if (!images.after) return [];
  const after = parseUsage(images.after);
  const before = images.before && parseUsage(images.before);
  return [...grownLines(before, after)].map(({ hour, name, grown }) => ({
    kind: 'usage-grew',
    simSid: after.sim_sid,
    ...(after.fleet_sid === undefined ? {} : { fleetSid: after.fleet_sid }),
    hour: `${after.day}T${hour}:00:00.000Z`,
    ...parseLine(name),
    ...grown,
    eventId: record.eventID,
    version: after.version,
  }));
}
