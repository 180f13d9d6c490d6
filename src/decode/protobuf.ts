/** A reader of the protobuf wire format, as much as KPL aggregates need: no schema, no recursion, no copies.
 *  Source: protobuf.dev/programming-guides/encoding. */

/** One field as it is on the wire. */
export interface WireField {
  readonly number: number;
  /** A varint's number (exact to 2^53; larger is only known to be large), or a delimited field's bytes;
   *  undefined for the other wire types, which are skipped. */
  readonly value: number | Uint8Array | undefined;
}

const VARINT_MAX_BYTES = 10;

interface Varint {
  readonly value: number;
  readonly end: number;
}

/** Undefined when the varint breaks off or does not end. */
function readVarint(bytes: Uint8Array, start: number): Varint | undefined {
  let value = 0;
  for (let i = 0; i < VARINT_MAX_BYTES; i += 1) {
    const byte = bytes[start + i];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: start + i + 1 };
  }
  return undefined;
}

function readField(bytes: Uint8Array, start: number): { field: WireField; end: number } | undefined {
  const tag = readVarint(bytes, start);
  if (tag === undefined || tag.value >= 2 ** 32 || tag.value < 8) return undefined;
  const number = Math.floor(tag.value / 8);
  const skipTo = (end: number) =>
    end > bytes.length ? undefined : { field: { number, value: undefined }, end };
  switch (tag.value % 8) {
    case 0: {
      const varint = readVarint(bytes, tag.end);
      return varint && { field: { number, value: varint.value }, end: varint.end };
    }
    case 1:
      return skipTo(tag.end + 8);
    case 2: {
      const length = readVarint(bytes, tag.end);
      if (length === undefined || length.value > bytes.length - length.end) return undefined;
      const end = length.end + length.value;
      return { field: { number, value: bytes.subarray(length.end, end) }, end };
    }
    case 5:
      return skipTo(tag.end + 4);
    default:
      return undefined; // groups: KPL has none
  }
}

/** The fields of one message in order; ends with undefined, and then for good, where the bytes are no protobuf. */
export function* readFields(bytes: Uint8Array): Generator<WireField | undefined, void> {
  let at = 0;
  while (at < bytes.length) {
    const next = readField(bytes, at);
    yield next?.field;
    if (next === undefined) return;
    at = next.end;
  }
}
