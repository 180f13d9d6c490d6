/** First in, first out, without moving all others with each one that leaves. */

const LEFT_BEHIND_MAX = 4_096;

export class Fifo<T> {
  private items: T[] = [];
  private first = 0;

  get size(): number {
    return this.items.length - this.first;
  }

  push(item: T): void {
    this.items.push(item);
  }

  peek(): T | undefined {
    return this.items[this.first];
  }

  shift(): T | undefined {
    const item = this.items[this.first];
    if (this.size > 0) this.first += 1;
    if (this.size === 0 || this.first > LEFT_BEHIND_MAX) {
      this.items = this.items.slice(this.first);
      this.first = 0;
    }
    return item;
  }

  /** From the first to the last. */
  all(): readonly T[] {
    return this.items.slice(this.first);
  }
}
