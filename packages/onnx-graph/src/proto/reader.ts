import { OnnxFormatError } from '../errors.ts';

/** One field as it lies in the file: a number for varints, bytes for everything with a length. */
export type Field =
  | { number: number; type: 'varint'; value: bigint }
  | { number: number; type: 'bytes'; value: Uint8Array }
  | { number: number; type: 'fixed32'; value: Uint8Array }
  | { number: number; type: 'fixed64'; value: Uint8Array };

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads one message's fields in file order. Throws OnnxFormatError on anything cut short or malformed. */
export function* readFields(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const take = (sizeBytes: number): Uint8Array => {
    if (sizeBytes > bytes.length - at)
      throw new OnnxFormatError(`a field wants ${sizeBytes} bytes, ${bytes.length - at} are left`);
    at += sizeBytes;
    return bytes.subarray(at - sizeBytes, at);
  };
  const varint = (): bigint => {
    const { value, end } = readVarint(bytes, at);
    at = end;
    return value;
  };

  while (at < bytes.length) {
    const key = varint();
    const number = Number(key >> 3n);
    const wireType = Number(key & 7n);
    if (number < 1 || number > 0x1fffffff) throw new OnnxFormatError(`${number} is no field number`);
    if (wireType === 0) yield { number, type: 'varint', value: varint() };
    else if (wireType === 1) yield { number, type: 'fixed64', value: take(8) };
    else if (wireType === 2) yield { number, type: 'bytes', value: take(Number(varint())) };
    else if (wireType === 5) yield { number, type: 'fixed32', value: take(4) };
    else throw new OnnxFormatError(`field ${number} has wire type ${wireType}, which ONNX never uses`);
  }
}

/** A signed whole number that JavaScript can hold exactly. */
export function asInteger(field: Field): number {
  if (field.type !== 'varint') throw unexpected(field, 'a whole number');
  return toInteger(field.value);
}

/** Whole numbers, written one by one or packed. */
export function asIntegers(field: Field): number[] {
  if (field.type === 'varint') return [toInteger(field.value)];
  const bytes = asBytes(field);
  const result: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { value, end } = readVarint(bytes, at);
    result.push(toInteger(value));
    at = end;
  }
  return result;
}

/** Real numbers, written one by one or packed. */
export function asFloats(field: Field): number[] {
  const bytes = field.type === 'fixed32' ? field.value : asBytes(field);
  if (bytes.length % 4) throw new OnnxFormatError(`field ${field.number}: ${bytes.length} bytes of floats`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(4 * index, true));
}

export function asBytes(field: Field): Uint8Array {
  if (field.type !== 'bytes') throw unexpected(field, 'bytes');
  return field.value;
}

export function asString(field: Field): string {
  try {
    return utf8.decode(asBytes(field));
  } catch (cause) {
    if (cause instanceof OnnxFormatError) throw cause;
    throw new OnnxFormatError(`field ${field.number} is not UTF-8`, { cause });
  }
}

function readVarint(bytes: Uint8Array, start: number): { value: bigint; end: number } {
  let value = 0n;
  for (let at = start, shift = 0n; shift < 70n; at++, shift += 7n) {
    const byte = bytes[at];
    if (byte === undefined) throw new OnnxFormatError('the file ends inside a number');
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return { value: BigInt.asUintN(64, value), end: at + 1 };
  }
  throw new OnnxFormatError('a number is longer than ten bytes');
}

function toInteger(value: bigint): number {
  const signed = Number(BigInt.asIntN(64, value));
  if (!Number.isSafeInteger(signed)) throw new OnnxFormatError(`${signed} is too large a number`);
  return signed;
}

function unexpected(field: Field, wanted: string): OnnxFormatError {
  return new OnnxFormatError(`field ${field.number} is ${field.type}, not ${wanted}`);
}
