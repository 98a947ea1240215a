import { CheckpointError } from './errors.ts';
import type { Weight } from './graphs.ts';

// The format: https://github.com/huggingface/safetensors#format. Only F32 is written and read.

const float = Float32Array.BYTES_PER_ELEMENT;
const longestHeader = 100_000_000;

/** Named float32 arrays as a .safetensors file's bytes. */
export function encodeSafetensors(weights: ReadonlyMap<string, Weight>): Uint8Array {
  const entries: Record<string, { dtype: 'F32'; shape: number[]; data_offsets: [number, number] }> = {};
  let size = 0;
  for (const [name, { shape, data }] of weights) {
    entries[name] = { dtype: 'F32', shape, data_offsets: [size, size + data.byteLength] };
    size += data.byteLength;
  }
  const json = Buffer.from(JSON.stringify(entries));
  const headerLength = Math.ceil(json.length / 8) * 8;
  const file = Buffer.alloc(8 + headerLength + size, ' ');
  file.writeBigUInt64LE(BigInt(headerLength));
  json.copy(file, 8);
  let at = 8 + headerLength;
  for (const { data } of weights.values()) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

/** Reads a .safetensors file, whoever wrote it. Throws CheckpointError naming the tensor that is wrong. */
export function decodeSafetensors(bytes: Uint8Array): Map<string, Weight> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = file.length < 8 ? Number.NaN : Number(file.readBigUInt64LE());
  if (!(headerLength <= longestHeader && headerLength <= file.length - 8))
    throw new CheckpointError(`safetensors: ${file.length} bytes can't hold the header they announce`);
  const data = file.subarray(8 + headerLength);
  const weights = new Map<string, Weight>();
  let end = 0;
  const entries = parseHeader(file.toString('utf8', 8, 8 + headerLength)).sort(
    (a, b) => a.begin - b.begin || a.end - b.end,
  );
  for (const { name, shape, begin, end: until } of entries) {
    const length = shape.reduce((product, size) => product * size, 1);
    // Tensors lie end to end: nothing is read twice, and nothing hides in between.
    if (begin !== end || until - begin !== length * float || until > data.length)
      throw new CheckpointError(
        `safetensors: ${name} [${shape}] can't lie at ${begin}..${until} of ${data.length}`,
      );
    end = until;
    const values = new Float32Array(length);
    new Uint8Array(values.buffer).set(data.subarray(begin, until));
    weights.set(name, { shape, data: values });
  }
  if (end !== data.length)
    throw new CheckpointError(`safetensors: ${data.length - end} bytes after the last tensor`);
  return weights;
}

function parseHeader(json: string) {
  let header: unknown;
  try {
    header = JSON.parse(json);
  } catch (cause) {
    throw new CheckpointError('safetensors: the header is not JSON', { cause });
  }
  if (!isRecord(header)) throw new CheckpointError('safetensors: the header is not an object');
  return Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => {
      const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
      if (dtype !== 'F32')
        throw new CheckpointError(`safetensors: ${name} is ${JSON.stringify(dtype)}; only F32 is read`);
      if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2)
        throw new CheckpointError(`safetensors: ${name} has no proper shape and data_offsets`);
      return { name, shape, begin: offsets[0]!, end: offsets[1]! };
    });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
