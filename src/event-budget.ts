/** How many events a worker holds at once, whatever the number of its shards. */

/** Room for some events. */
export interface Room {
  /** Their number is known now. Never waits: what is decoded is there. */
  resize(count: number): void;
  leave(): void;
}

export class EventBudget {
  private readonly max: number;
  private readonly onFull: () => void;
  private readonly waiting: { readonly count: number; readonly go: (room: Room) => void }[] = [];
  private taken = 0;

  /** `onFull`: asks for room to be made. */
  constructor(max: number, onFull: () => void) {
    this.max = max;
    this.onFull = onFull;
  }

  /** Whether anybody waits for room. */
  get isFull(): boolean {
    return this.waiting.length > 0;
  }

  /** Resolves when there is room, first come first served; a page larger than all of it goes alone. */
  take(count: number): Promise<Room> {
    if (this.waiting.length === 0 && this.hasRoom(count)) return Promise.resolve(this.enter(count));
    this.onFull();
    return new Promise((go) => this.waiting.push({ count, go }));
  }

  private enter(count: number): Room {
    let mine = count;
    this.taken += count;
    return {
      resize: (to) => {
        this.taken += to - mine;
        mine = to;
        this.letIn();
      },
      leave: () => {
        this.taken -= mine;
        mine = 0;
        this.letIn();
      },
    };
  }

  private letIn(): void {
    for (let first = this.waiting[0]; first && this.hasRoom(first.count); first = this.waiting[0]) {
      this.waiting.shift();
      first.go(this.enter(first.count));
    }
    if (this.waiting.length > 0) this.onFull();
  }

  private hasRoom(count: number): boolean {
    return this.taken === 0 || this.taken + count <= this.max;
  }
}
