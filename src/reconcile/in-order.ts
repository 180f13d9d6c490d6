/** Runs `task` over the items, at most `max` at a time, and yields the results in the items' order: no more than `max`
 *  results wait. Whoever stops early, or meets an error, leaves the tasks in flight to end by themselves. */
export async function* inOrder<T, R>(
  items: Iterable<T>,
  max: number,
  task: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const waiting: Promise<R>[] = [];
  for (const item of items) {
    const result = task(item);
    // An error shows when it is this result's turn, not before.
    result.catch(() => undefined);
    waiting.push(result);
    if (waiting.length >= max) yield (await waiting.shift()) as R;
  }
  for (const result of waiting) yield await result;
}
