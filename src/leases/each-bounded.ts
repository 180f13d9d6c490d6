/** Calls of the table in flight at once, per activity: below the SDK's 50 sockets per client. KCL uses 20. */
export const TABLE_CALLS_MAX = 20;

/** Runs `work` on each item, at most `max` at a time, and waits for all before it throws the first error. */
export async function eachBounded<T>(
  items: readonly T[],
  max: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = [...items];
  const errors: unknown[] = [];
  const lane = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) {
      await work(item).catch((error) => errors.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(max, rest.length) }, lane));
  if (errors.length > 0) throw errors[0];
}
