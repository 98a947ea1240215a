/** Just enough protobuf to write ONNX models by hand: small ones for tests, random ones of any size for benches. */

function varint(value: number): number[] {
  if (value < 0) {
    // Ten bytes: what is left of 64 bits after seven at a time.
    const groups = Array.from({ length: 9 }, (_, i) => Number((BigInt(value) >> BigInt(7 * i)) & 127n) | 128);
    return [...groups, 1];
  }
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))];
}

const number = (field: number, value: number): Buffer =>
  Buffer.from([...varint(field << 3), ...varint(value)]);
const bytes = (field: number, content: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([...varint((field << 3) | 2), ...varint(content.length)]), content]);
const string = (field: number, text: string): Buffer => bytes(field, Buffer.from(text));

/** ONNX's numbers for the types of elements. */
export const elementType = { float: 1, int32: 6, int64: 7 };

/** An initializer; `values` lie in memory as they do in the file. */
export function tensor(name: string, dims: number[], type: number, values: ArrayBufferView): Buffer {
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return Buffer.concat([
    ...dims.map((dim) => number(1, dim)),
    number(2, type),
    string(8, name),
    bytes(9, raw),
  ]);
}

/** An input or output of the graph; a dimension is a size or a name. */
export function value(name: string, type: number, dims: (string | number)[]): Buffer {
  const shape = dims.map((dim) => bytes(1, typeof dim === 'string' ? string(2, dim) : number(1, dim)));
  const tensorType = Buffer.concat([number(1, type), bytes(2, Buffer.concat(shape))]);
  return Buffer.concat([string(1, name), bytes(2, bytes(1, tensorType))]);
}

/** A node with one output; attributes are whole numbers or lists of them. */
export function node(
  type: string,
  inputs: string[],
  output: string,
  attributes: Record<string, number | number[]> = {},
): Buffer {
  return Buffer.concat([
    ...inputs.map((input) => string(1, input)),
    string(2, output),
    string(4, type),
    ...Object.entries(attributes).map(([name, value]) =>
      bytes(
        5,
        typeof value === 'number'
          ? Buffer.concat([string(1, name), number(3, value), number(20, 2)])
          : Buffer.concat([string(1, name), ...value.map((item) => number(8, item)), number(20, 7)]),
      ),
    ),
  ]);
}

/** A model's bytes, opset 17. */
export function model(parts: Record<'nodes' | 'initializers' | 'inputs' | 'outputs', Buffer[]>): Buffer {
  const fields = { nodes: 1, initializers: 5, inputs: 11, outputs: 12 };
  const graph = Object.entries(fields).flatMap(([name, field]) =>
    parts[name as keyof typeof fields].map((part) => bytes(field, part)),
  );
  return Buffer.concat([
    number(1, 8),
    bytes(7, Buffer.concat([...graph, string(2, 'graph')])),
    bytes(8, number(2, 17)),
  ]);
}

/** An ONNX model: logits[row] = Σ weights[id] over the row's unmasked tokens. `weights` is vocabulary × labels. */
export function sumModel(weights: number[][], dtype: 'int32' | 'int64'): Buffer {
  const labels = weights[0]!.length;
  const ids = elementType[dtype];
  return model({
    nodes: [
      node('Gather', ['weights', 'input_ids'], 'rows'),
      node('Cast', ['attention_mask'], 'mask', { to: elementType.float }),
      node('Unsqueeze', ['mask', 'last'], 'column'),
      node('Mul', ['rows', 'column'], 'kept'),
      node('ReduceSum', ['kept', 'middle'], 'logits', { keepdims: 0 }),
    ],
    initializers: [
      tensor('weights', [weights.length, labels], elementType.float, new Float32Array(weights.flat())),
      tensor('last', [1], elementType.int64, new BigInt64Array([2n])),
      tensor('middle', [1], elementType.int64, new BigInt64Array([1n])),
    ],
    inputs: ['input_ids', 'attention_mask'].map((name) => value(name, ids, ['batch', 'sequence'])),
    outputs: [value('logits', elementType.float, ['batch', labels])],
  });
}
