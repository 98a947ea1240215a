import { elementType, model, node, tensor, value } from '../test/onnx.ts';

/** The shape of a BERT encoder with a classifier on its first token. */
export interface Shape {
  layers: number;
  hidden: number;
  heads: number;
  feedForward: number;
  vocabulary: number;
  positions: number;
  labels: number;
}

/** The two sizes that the goals are stated for, with bert-base-uncased's vocabulary size. */
export const shapes: Record<'tiny' | 'minilm', Shape> = {
  tiny: { layers: 2, hidden: 128, heads: 2, feedForward: 512, vocabulary: 30_522, positions: 512, labels: 2 },
  minilm: {
    layers: 6,
    hidden: 384,
    heads: 12,
    feedForward: 1536,
    vocabulary: 30_522,
    positions: 512,
    labels: 2,
  },
};

/** How an exporter may write the same model otherwise, or another one that reads all tokens. */
export interface Variant {
  /** Before opset 17 a layer normalisation is nine nodes. */
  layerNorm?: 'decomposed';
  /** What the classifier reads of the last layer; the first token if not said. */
  reads?: 'mean';
}

/** An ONNX model of this shape as an exporter writes one, with random weights: it costs what a trained one does. */
export function bertModel(
  { layers, hidden, heads, feedForward, vocabulary, positions, labels }: Shape,
  { layerNorm, reads }: Variant = {},
): Buffer {
  const nodes: Buffer[] = [];
  const initializers: Buffer[] = [];
  let seed = 1;

  const random = (name: string, dims: number[], scale: number, around = 0): string => {
    const values = new Float32Array(dims.reduce((a, b) => a * b, 1));
    for (let i = 0; i < values.length; i++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
      values[i] = around + (seed / 2 ** 31) * scale;
    }
    initializers.push(tensor(name, dims, elementType.float, values));
    return name;
  };
  const integers = (name: string, ...values: number[]): string => {
    initializers.push(tensor(name, [values.length], elementType.int64, BigInt64Array.from(values, BigInt)));
    return name;
  };
  const scalar = (name: string, value: number): string => {
    initializers.push(tensor(name, [], elementType.float, Float32Array.of(value)));
    return name;
  };
  const add = (
    type: string,
    inputs: string[],
    output: string,
    attributes?: Record<string, number | number[]>,
  ) => {
    nodes.push(node(type, inputs, output, attributes));
    return output;
  };
  const dense = (name: string, input: string, from: number, to: number): string => {
    const product = add(
      'MatMul',
      [input, random(`${name}.weight`, [from, to], 1.7 / Math.sqrt(from))],
      `${name}.product`,
    );
    return add('Add', [product, random(`${name}.bias`, [to], 0.02)], `${name}.out`);
  };
  const normalized = (name: string, input: string): string => {
    const gamma = random(`${name}.gamma`, [hidden], 0.02, 1);
    const beta = random(`${name}.beta`, [hidden], 0.02);
    if (!layerNorm) return add('LayerNormalization', [input, gamma, beta], `${name}.out`, { axis: 2 });
    const mean = (of: string) => add('ReduceMean', [of], `${of}.mean`, { axes: [2] });
    const centred = add('Sub', [input, mean(input)], `${name}.centred`);
    const variance = mean(add('Pow', [centred, scalar(`${name}.two`, 2)], `${name}.squares`));
    const safe = add('Add', [variance, scalar(`${name}.epsilon`, 1e-5)], `${name}.safe`);
    const scaled = add('Div', [centred, add('Sqrt', [safe], `${name}.deviation`)], `${name}.scaled`);
    return add('Add', [add('Mul', [scaled, gamma], `${name}.stretched`), beta], `${name}.out`);
  };

  // Positions are cut to the length of the input, and the mask is 0 or a large negative number on the scores.
  add('Shape', ['input_ids'], 'shape');
  add('Slice', ['shape', integers('one', 1), integers('two', 2)], 'length');
  add(
    'Slice',
    [random('positions', [positions, hidden], 0.05), integers('zero', 0), 'length'],
    'position rows',
  );
  const words = add('Gather', [random('words', [vocabulary, hidden], 0.05), 'input_ids'], 'word rows');
  let x = normalized('embeddings', add('Add', [words, 'position rows'], 'embedded'));
  add('Cast', ['attention_mask'], 'mask', { to: elementType.float });
  add('Unsqueeze', ['mask', integers('middle', 1, 2)], 'mask row');
  add('Sub', [scalar('1', 1), 'mask row'], 'masked');
  const bias = add('Mul', ['masked', scalar('far below', -1e4)], 'mask bias');
  const split = integers('split', 0, 0, heads, hidden / heads);
  const joined = integers('joined', 0, 0, hidden);
  const width = scalar('sqrt of head', Math.sqrt(hidden / heads));
  const [sqrt2, half] = [scalar('sqrt 2', Math.SQRT2), scalar('half', 0.5)];

  for (let layer = 0; layer < layers; layer++) {
    const name = `layer.${layer}`;
    const head = (part: string, perm: number[]): string => {
      const projected = dense(`${name}.${part}`, x, hidden, hidden);
      const shaped = add('Reshape', [projected, split], `${name}.${part}.heads`);
      return add('Transpose', [shaped], `${name}.${part}.transposed`, { perm });
    };
    const [query, key, content] = [
      head('query', [0, 2, 1, 3]),
      head('key', [0, 2, 3, 1]),
      head('value', [0, 2, 1, 3]),
    ];
    const scores = add('Div', [add('MatMul', [query, key], `${name}.scores`), width], `${name}.scaled`);
    const attention = add('Softmax', [add('Add', [scores, bias], `${name}.biased`)], `${name}.attention`, {
      axis: 3,
    });
    const context = add(
      'Transpose',
      [add('MatMul', [attention, content], `${name}.context`)],
      `${name}.back`,
      { perm: [0, 2, 1, 3] },
    );
    const attended = dense(
      `${name}.attended`,
      add('Reshape', [context, joined], `${name}.together`),
      hidden,
      hidden,
    );
    const y = normalized(`${name}.first`, add('Add', [attended, x], `${name}.sum`));
    const inner = dense(`${name}.inner`, y, hidden, feedForward);
    const erf = add('Erf', [add('Div', [inner, sqrt2], `${name}.narrow`)], `${name}.erf`);
    const gelu = add(
      'Mul',
      [add('Mul', [inner, add('Add', [erf, '1'], `${name}.gate`)], `${name}.gated`), half],
      `${name}.gelu`,
    );
    x = normalized(
      `${name}.second`,
      add('Add', [dense(`${name}.outer`, gelu, feedForward, hidden), y], `${name}.sum2`),
    );
  }

  const first =
    reads === 'mean'
      ? add('ReduceMean', [x], 'mean token', { axes: [1], keepdims: 0 })
      : add('Gather', [x, scalarIndex()], 'first token', { axis: 1 });
  const pooled = add('Tanh', [dense('pooler', first, hidden, hidden)], 'pooled');
  add('MatMul', [pooled, random('head.weight', [hidden, labels], 1 / Math.sqrt(hidden))], 'head.product');
  add('Add', ['head.product', random('head.bias', [labels], 0.02)], 'logits');

  return model({
    nodes,
    initializers,
    inputs: ['input_ids', 'attention_mask'].map((name) =>
      value(name, elementType.int64, ['batch', 'sequence']),
    ),
    outputs: [value('logits', elementType.float, ['batch', labels])],
  });

  function scalarIndex(): string {
    initializers.push(tensor('first', [], elementType.int64, BigInt64Array.of(0n)));
    return 'first';
  }
}
