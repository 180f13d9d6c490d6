/** Texts and bytes by key, in one piece of memory of fixed size that the garbage collector never walks. What is put
 *  first is overwritten first when it is full; an entry that still fits into its place keeps it.
 *
 *    │ … newer │◄ head   free   oldest ►│ … │ 0 │      A place: its size u32 · sizes of key u16, text u32, bytes u32 ·
 *                                             └ the rest is not used         key, text, bytes · room to grow */

export interface Entry {
  readonly text: string;
  readonly bytes: Uint8Array;
}

const SIZE_BYTES = 4;
const HEADER_BYTES = SIZE_BYTES + 2 + 4 + 4;
/** Entries grow by a few bytes at a time. */
const GRAIN_BYTES = 128;
/** Instead of a place's size: the next one is at the start. */
const GO_TO_START = 0;
/** Others take more bytes than letters. */
const ASCII = /^[ -~]+$/;

export class ByteRing {
  private readonly memory: Buffer;
  private readonly places = new Map<string, number>();
  private head = 0;
  /** The oldest place, if there is one. */
  private oldest = 0;
  private placeCount = 0;

  /** The system gives the memory as it fills. Unit: bytes. */
  constructor(size: number) {
    this.memory = Buffer.allocUnsafeSlow(size);
  }

  /** `bytes` is a view into the ring, valid until the next `put`. */
  get(key: string): Entry | undefined {
    const { memory } = this;
    const at = this.places.get(key);
    if (at === undefined) return undefined;
    const textAt = at + HEADER_BYTES + memory.readUInt16LE(at + SIZE_BYTES);
    const bytesAt = textAt + memory.readUInt32LE(at + SIZE_BYTES + 2);
    const end = bytesAt + memory.readUInt32LE(at + SIZE_BYTES + 6);
    return { text: memory.toString('utf8', textAt, bytesAt), bytes: memory.subarray(bytesAt, end) };
  }

  /** Keeps an entry, unless it is larger than the ring or its key is not plain ASCII. */
  put(key: string, entry: Entry): void {
    const old = this.places.get(key);
    const needed = HEADER_BYTES + key.length + Buffer.byteLength(entry.text) + entry.bytes.length;
    if (old !== undefined && this.memory.readUInt32LE(old) >= needed) {
      this.write(old, key, entry);
      return;
    }
    const size = Math.ceil(needed / GRAIN_BYTES) * GRAIN_BYTES;
    if (size > this.memory.length || !ASCII.test(key)) {
      this.places.delete(key);
      return;
    }
    const at = this.take(size);
    this.memory.writeUInt32LE(size, at);
    this.write(at, key, entry);
    this.places.set(key, at);
  }

  delete(key: string): void {
    this.places.delete(key);
  }

  private write(at: number, key: string, { text, bytes }: Entry): void {
    const { memory } = this;
    const keyAt = at + HEADER_BYTES;
    const textAt = keyAt + memory.write(key, keyAt, 'latin1');
    const bytesAt = textAt + memory.write(text, textAt, 'utf8');
    memory.set(bytes, bytesAt);
    memory.writeUInt16LE(textAt - keyAt, at + SIZE_BYTES);
    memory.writeUInt32LE(bytesAt - textAt, at + SIZE_BYTES + 2);
    memory.writeUInt32LE(bytes.length, at + SIZE_BYTES + 6);
  }

  private take(size: number): number {
    if (this.head + size > this.memory.length) {
      while (this.placeCount > 0 && this.oldest >= this.head) this.forgetOldest();
      if (this.head + SIZE_BYTES <= this.memory.length) this.memory.writeUInt32LE(GO_TO_START, this.head);
      this.head = 0;
    }
    const end = this.head + size;
    while (this.placeCount > 0 && this.oldest >= this.head && this.oldest < end) this.forgetOldest();
    if (this.placeCount === 0) this.oldest = this.head;
    this.placeCount += 1;
    this.head = end;
    return end - size;
  }

  private forgetOldest(): void {
    const { memory, oldest } = this;
    const keyAt = oldest + HEADER_BYTES;
    const key = memory.toString('latin1', keyAt, keyAt + memory.readUInt16LE(oldest + SIZE_BYTES));
    // It may have moved, or be forgotten already.
    if (this.places.get(key) === oldest) this.places.delete(key);
    this.placeCount -= 1;
    const next = oldest + memory.readUInt32LE(oldest);
    const isLast = next + SIZE_BYTES > memory.length || memory.readUInt32LE(next) === GO_TO_START;
    this.oldest = isLast ? 0 : next;
  }
}
