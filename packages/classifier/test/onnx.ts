/**
 * Just enough protobuf to write one ONNX model by hand, so that a test's model is a few hundred bytes
 * whose logits can be worked out on paper: the sum of an embedding over the unmasked tokens.
 */
function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

const number = (field: number, value: number): number[] => [...varint(field << 3), ...varint(value)];
const bytes = (field: number, content: ArrayLike<number>): number[] => [
  ...varint((field << 3) | 2),
  ...varint(content.length),
  ...Array.from(content),
];
const string = (field: number, text: string): number[] => bytes(field, Buffer.from(text));

const float = 1;
const elementTypes = { int32: 6, int64: 7 };

function tensor(name: string, dims: number[], type: number, raw: ArrayBuffer): number[] {
  return [
    ...dims.flatMap((dim) => number(1, dim)),
    ...number(2, type),
    ...string(8, name),
    ...bytes(9, new Uint8Array(raw)),
  ];
}

function value(name: string, type: number, dims: (string | number)[]): number[] {
  const shape = dims.flatMap((dim) => bytes(1, typeof dim === 'string' ? string(2, dim) : number(1, dim)));
  return [...string(1, name), ...bytes(2, bytes(1, [...number(1, type), ...bytes(2, shape)]))];
}

function node(type: string, inputs: string[], output: string, attributes: number[][] = []): number[] {
  return [
    ...inputs.flatMap((input) => string(1, input)),
    ...string(2, output),
    ...string(4, type),
    ...attributes.flatMap((attribute) => bytes(5, attribute)),
  ];
}

const integerAttribute = (name: string, value: number): number[] => [
  ...string(1, name),
  ...number(3, value),
  ...number(20, 2),
];

/** An ONNX model: logits[row] = Σ weights[id] over the row's unmasked tokens. `weights` is vocabulary × labels. */
export function sumModel(weights: number[][], dtype: 'int32' | 'int64'): Uint8Array {
  const labels = weights[0]!.length;
  const ids = elementTypes[dtype];
  const graph = [
    node('Gather', ['weights', 'input_ids'], 'rows'),
    node('Cast', ['attention_mask'], 'mask', [integerAttribute('to', float)]),
    node('Unsqueeze', ['mask', 'last'], 'column'),
    node('Mul', ['rows', 'column'], 'kept'),
    node('ReduceSum', ['kept', 'middle'], 'logits', [integerAttribute('keepdims', 0)]),
  ].flatMap((part) => bytes(1, part));
  const model = [
    ...number(1, 8),
    ...bytes(7, [
      ...graph,
      ...string(2, 'sum'),
      ...bytes(
        5,
        tensor('weights', [weights.length, labels], float, new Float32Array(weights.flat()).buffer),
      ),
      ...bytes(5, tensor('last', [1], elementTypes.int64, new BigInt64Array([2n]).buffer)),
      ...bytes(5, tensor('middle', [1], elementTypes.int64, new BigInt64Array([1n]).buffer)),
      ...bytes(11, value('input_ids', ids, ['batch', 'sequence'])),
      ...bytes(11, value('attention_mask', ids, ['batch', 'sequence'])),
      ...bytes(12, value('logits', float, ['batch', labels])),
    ]),
    ...bytes(8, number(2, 17)),
  ];
  return Uint8Array.from(model);
}
