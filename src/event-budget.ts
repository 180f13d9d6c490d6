/** How many decoded events a worker holds at once, whatever the number of its shards. */
export class EventBudget {
  private readonly max: number;
  private readonly onFull: () => void;
  private readonly waiting: { readonly count: number; readonly go: () => void }[] = [];
  private taken = 0;

  /** `onFull`: asks for room to be made. */
  constructor(max: number, onFull: () => void) {
    this.max = max;
    this.onFull = onFull;
  }

  /** Resolves when there is room, first come first served; a page larger than all of it goes alone. */
  take(count: number): Promise<void> {
    if (this.waiting.length === 0 && this.hasRoom(count)) {
      this.taken += count;
      return Promise.resolve();
    }
    this.onFull();
    return new Promise((go) => this.waiting.push({ count, go }));
  }

  give(count: number): void {
    this.taken -= count;
    for (let first = this.waiting[0]; first && this.hasRoom(first.count); first = this.waiting[0]) {
      this.waiting.shift();
      this.taken += first.count;
      first.go();
    }
    if (this.waiting.length > 0) this.onFull();
  }

  private hasRoom(count: number): boolean {
    return this.taken === 0 || this.taken + count <= this.max;
  }
}
