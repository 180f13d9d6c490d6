/** Numbers, times and hex digits as bytes, and back. */

const MAX_EXACT = BigInt(Number.MAX_SAFE_INTEGER);
/** The seventh group of seven bits: up to it numbers are exact. */
const EXACT_SCALE_MAX = 128 ** 6;

/** Writes into memory that is large enough. */
export class PackedWriter {
  private readonly bytes: Buffer;
  private at = 0;
  constructor(maxBytes: number) {
    this.bytes = Buffer.allocUnsafe(maxBytes);
  }
  uint8(value: number): void {
    this.at = this.bytes.writeUInt8(value & 0xff, this.at);
  }
  uint16(value: number): void {
    this.at = this.bytes.writeUInt16BE(value & 0xffff, this.at);
  }
  uint32(value: number): void {
    this.at = this.bytes.writeUInt32BE(value, this.at);
  }
  time48(ms: number): void {
    this.at = this.bytes.writeUIntBE(ms, this.at, 6);
  }
  varint(value: bigint): void {
    let big = value;
    for (; big > MAX_EXACT; big >>= 7n) this.uint8(Number(big & 0x7fn) | 0x80);
    // Numbers: ten times as fast, and nearly all there is.
    let rest = Number(big);
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.uint8((rest % 128) | 0x80);
    this.uint8(rest);
  }
  /** Absent is 0, a value is itself plus one. */
  optional(value: bigint | undefined): void {
    this.varint(value === undefined ? 0n : value + 1n);
  }
  hex(digits: string): void {
    this.at += this.bytes.write(digits, this.at, 'hex');
  }
  /** Absent is 0, a text is its length plus one, and UTF-8. */
  text(value: string | undefined): void {
    this.varint(value === undefined ? 0n : BigInt(Buffer.byteLength(value) + 1));
    if (value !== undefined) this.at += this.bytes.write(value, this.at);
  }
  finish(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }
  /** A character for each byte. */
  finishText(): string {
    return this.bytes.toString('latin1', 0, this.at);
  }
}

/** Every method throws a RangeError when the bytes end early. */
export class PackedReader {
  private at = 0;
  private readonly bytes: Buffer;
  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  uint8(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new RangeError('private state ends early');
    return value;
  }
  uint16(): number {
    return this.uint8() * 256 + this.uint8();
  }
  uint32(): number {
    return this.uint16() * 65_536 + this.uint16();
  }
  time48(): number {
    let ms = 0;
    for (let count = 0; count < 6; count += 1) ms = ms * 256 + this.uint8();
    return ms;
  }
  varint(): bigint {
    let value = 0;
    let byte = this.uint8();
    for (let scale = 1; scale <= EXACT_SCALE_MAX; scale *= 128) {
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return BigInt(value);
      byte = this.uint8();
    }
    let big = BigInt(value);
    for (let shift = 49n; ; shift += 7n) {
      big |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return big;
      byte = this.uint8();
    }
  }
  optional(): bigint | undefined {
    const stored = this.varint();
    return stored === 0n ? undefined : stored - 1n;
  }
  hex(count: number): string {
    return this.take(count, 'hex');
  }
  text(): string | undefined {
    const stored = Number(this.varint());
    return stored === 0 ? undefined : this.take(stored - 1, 'utf8');
  }
  private take(count: number, encoding: 'hex' | 'utf8'): string {
    const from = this.at;
    this.at += count;
    if (this.at > this.bytes.length) throw new RangeError('private state ends early');
    return this.bytes.toString(encoding, from, this.at);
  }
}
