const MS_PER_SECOND = 1_000;
const SECONDS_PER_DAY = 86_400;

/** When an item written now may be deleted, as DynamoDB's TTL wants it; undefined for one that is kept for ever.
 *  Unit: s since 1970. */
export const expirySeconds = (writtenAtMs: number, keepDays: number): number | undefined =>
  keepDays > 0 ? Math.floor(writtenAtMs / MS_PER_SECOND) + keepDays * SECONDS_PER_DAY : undefined;
