/** A field of a protobuf message: a number, or the bytes of a text, a message, a list or a fixed-size number. */
export interface Field {
  number: number;
  wire: 0 | 1 | 2 | 5;
  value: number | Uint8Array;
}

const fixedBytes: Record<number, number> = { 1: 8, 5: 4 };

/** Splits a message into its fields; bytes stay where they are. Throws a RangeError if it isn't one. */
export function decode(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const next = (): number => {
    const { value, end } = readVarint(bytes, at);
    at = end;
    return value;
  };
  while (at < bytes.length) {
    const key = next();
    const wire = key & 7;
    const number = Math.floor(key / 8);
    if (wire === 0) fields.push({ number, wire, value: next() });
    else if (wire === 1 || wire === 2 || wire === 5) {
      const length = fixedBytes[wire] ?? next();
      if (length < 0 || at + length > bytes.length)
        throw new RangeError('a field reaches over the end of its message');
      fields.push({ number, wire, value: bytes.subarray(at, at + length) });
      at += length;
    } else throw new RangeError(`wire type ${wire}`);
  }
  return fields;
}

/** A message's bytes. */
export function encode(fields: Field[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { number, wire, value } of fields) {
    parts.push(varint(number * 8 + wire));
    if (typeof value === 'number') parts.push(varint(value));
    else {
      if (wire === 2) parts.push(varint(value.length));
      parts.push(value);
    }
  }
  return Buffer.concat(parts);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

/** The values of a repeated field of texts or messages. */
export function all(fields: Field[], number: number): Uint8Array[] {
  return fields.flatMap((field) =>
    field.number === number && typeof field.value !== 'number' ? [field.value] : [],
  );
}

/** The texts of a field. */
export function texts(fields: Field[], number: number): string[] {
  return all(fields, number).map((bytes) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(),
  );
}

/** The whole numbers of a field, written one by one or packed. */
export function numbers(fields: Field[], number: number): number[] {
  return fields.flatMap((field) => {
    if (field.number !== number) return [];
    return typeof field.value === 'number' ? [field.value] : unpack(field.value);
  });
}

function unpack(bytes: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { value, end } = readVarint(bytes, at);
    found.push(value);
    at = end;
  }
  return found;
}

function readVarint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0n;
  let at = start;
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[at++];
    if (byte === undefined || shift > 63n) throw new RangeError('a number without end');
    value |= BigInt(byte & 127) << shift;
    // Negative numbers come as 64 bits: back to what they were.
    if (byte < 128) return { value: Number(BigInt.asIntN(64, value)), end: at };
  }
}

export const bytesField = (number: number, value: Uint8Array): Field => ({ number, wire: 2, value });
export const textField = (number: number, value: string): Field => bytesField(number, Buffer.from(value));
export const numberField = (number: number, value: number): Field => ({ number, wire: 0, value });
