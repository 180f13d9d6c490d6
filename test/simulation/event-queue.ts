/** What will happen, by virtual time. Of events at one moment the one that was planned first comes first, so the
 *  same plan makes the same history. */

interface Planned {
  readonly atMs: number;
  readonly order: number;
  readonly happen: () => void;
}

const isBefore = (a: Planned, b: Planned): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** Lets every promise that can settle without time passing settle: Node runs the next tick only when no microtask
 *  is left. Ten times cheaper than a turn of the event loop, which nothing here needs. */
const settle = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

export class EventQueue {
  nowMs = 0;
  /** Events so far. */
  count = 0;
  /** A binary heap. */
  private readonly heap: Planned[] = [];
  private nextOrder = 0;

  /** Plans something; a time that has passed means now. */
  at(atMs: number, happen: () => void): void {
    const planned = { atMs: Math.max(atMs, this.nowMs), order: this.nextOrder++, happen };
    const { heap } = this;
    let at = heap.push(planned) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(planned, heap[parent] as Planned)) break;
      heap[at] = heap[parent] as Planned;
      at = parent;
    }
    heap[at] = planned;
  }

  after(ms: number, happen: () => void): void {
    this.at(this.nowMs + Math.max(0, ms), happen);
  }

  /** Lets time pass up to `untilMs`, or until `isReached`, which is asked every `askEveryMs`. */
  async run(untilMs: number, isReached: () => boolean = () => false, askEveryMs = 1_000): Promise<boolean> {
    await settle();
    for (let askAtMs = this.nowMs; ; ) {
      const next = this.heap[0];
      if (next === undefined || next.atMs > askAtMs) {
        this.nowMs = Math.max(this.nowMs, Math.min(askAtMs, untilMs));
        if (isReached()) return true;
        if (this.nowMs >= untilMs) return false;
        askAtMs = this.nowMs + askEveryMs;
        continue;
      }
      if (next.atMs > untilMs) {
        this.nowMs = untilMs;
        return isReached();
      }
      this.take();
      this.nowMs = next.atMs;
      this.count += 1;
      next.happen();
      await settle();
    }
  }

  private take(): void {
    const { heap } = this;
    const last = heap.pop() as Planned;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && isBefore(heap[right] as Planned, heap[child] as Planned)) child = right;
      if (!isBefore(heap[child] as Planned, last)) break;
      heap[at] = heap[child] as Planned;
      at = child;
    }
    heap[at] = last;
  }
}
