import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { bertModel, type Shape } from '../../bench/bert.ts';
import { elementType, model, node, sumModel, tensor, value } from '../../test/onnx.ts';
import { readGraph } from './graph.ts';
import { prune } from './prune.ts';

const shape: Shape = {
  ...{ layers: 2, hidden: 32, heads: 4, feedForward: 64, vocabulary: 50, positions: 20, labels: 3 },
};
// Tiny models with random weights as torch.onnx.export 2.13 wrote them: bert-opset14 of transformers 4.57 with its
// "sdpa" attention, roberta-opset17 of 5.18 with "eager", distilbert-dynamo of 5.18 by the newer exporter.
const exported = (name: string) => readFileSync(join(import.meta.dirname, `../../test/exports/${name}.onnx`));

const outputsOf = (bytes: Uint8Array) => readGraph(bytes).nodes.flatMap(({ outputs }) => outputs);

/** What ONNX Runtime answers, which knows nothing of how the model was written. */
async function run(bytes: Uint8Array, feeds: (inputs: readonly string[]) => Record<string, Tensor>[]) {
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const answers: number[][] = [];
  for (const feed of feeds(session.inputNames))
    answers.push(Array.from((await session.run(feed, ['logits'])).logits!.data as Float32Array));
  await session.release();
  return answers;
}

/** Batches of every kind: one text and many, one token and many, padded at the end and not. */
function batches(inputs: readonly string[]): Record<string, Tensor>[] {
  const shapes = [
    [1, 1],
    [1, 7],
    [2, 2],
    [3, 12],
    [5, 18],
  ] as const;
  return shapes.flatMap(([size, length]) =>
    [false, true].map((padded) => {
      const places = Array.from(
        { length: size * length },
        (_, i) => [Math.floor(i / length), i % length] as const,
      );
      const columns: Record<string, number[]> = {
        input_ids: places.map(([row, column]) => 3 + ((row * 11 + column * 7 + length) % 27)),
        attention_mask: places.map(([row, column]) =>
          Number(!padded || column === 0 || column < length - row),
        ),
        token_type_ids: places.map(([, column]) => Number(column > length / 2)),
      };
      const tensors = inputs.map((name) => [
        name,
        new Tensor('int64', BigInt64Array.from(columns[name]!, BigInt), [size, length]),
      ]);
      return Object.fromEntries(tensors);
    }),
  );
}

async function expectSame(before: Uint8Array, after: Uint8Array, feeds = batches) {
  const [expected, found] = [await run(before, feeds), await run(after, feeds)];
  for (const [i, logits] of expected.entries())
    for (const [j, logit] of logits.entries()) expect(found[i]![j]).toBeCloseTo(logit, 4);
}

describe('a BERT classifier', () => {
  const models: [string, Uint8Array, ...string[]][] = [
    ['as this repository’s benches write it', bertModel(shape), 'layer.1.inner.product', 'layer.1.query.out'],
    [
      'with its normalisations in single steps',
      bertModel(shape, { layerNorm: 'decomposed' }),
      'layer.1.inner.product',
    ],
    ['of one layer', bertModel({ ...shape, layers: 1 }), 'layer.0.inner.product'],
    [
      'by PyTorch, opset 14',
      exported('bert-opset14'),
      '/m/bert/encoder/layer.1/attention/self/query/MatMul_output_0',
    ],
    [
      'by PyTorch, opset 17',
      exported('roberta-opset17'),
      '/m/roberta/encoder/layer.1/attention/self/query/MatMul_output_0',
    ],
    ['by PyTorch, the newer exporter', exported('distilbert-dynamo'), 'linear_9'],
  ];
  it.each(models)(
    '%s: answers as before, and the last layer runs for its first token',
    async (_, before, ...gone) => {
      const after = prune(before);
      await expectSame(before, after);
      const outputs = outputsOf(after);
      for (const output of gone) expect(outputs).not.toContain(output);
      for (const output of gone) expect(outputs).toContain(`${output}/first.1`);
      // Of a layer's own values, only what it is given and its mask are cut.
      const cuts = readGraph(after).nodes.filter(
        ({ type, outputs: [output] }) => type === 'Slice' && output?.includes('/first.'),
      );
      expect(cuts.length).toBeLessThanOrEqual(2);
      expect(prune(after)).toBe(after);
    },
  );

  it('comes out the same each time', () => {
    expect(prune(bertModel(shape))).toEqual(prune(bertModel(shape)));
  });
});

describe('comes back as it is', () => {
  it.each<[string, Uint8Array]>([
    ['a model that reads all tokens', bertModel(shape, { reads: 'mean' })],
    [
      'a model without a layer',
      sumModel(
        [
          [1, 2],
          [3, 4],
        ],
        'int64',
      ),
    ],
    ['what is no model', Buffer.from('no model')],
  ])('%s', (_, bytes) => {
    expect(prune(bytes)).toBe(bytes);
  });
});

it('whatever stands before the first position, position by position or not: the same answers', async () => {
  const steps = fc.array(fc.tuple(fc.constantFrom(...Object.keys(macros)), fc.nat(), fc.nat(), fc.nat()), {
    minLength: 1,
    maxLength: 12,
  });
  let pruned = 0;
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (steps, wholeToo) => {
      const before = randomModel(steps, wholeToo);
      const after = prune(before);
      if (after === before) return;
      pruned++;
      await expectSame(before, after, floats);
    }),
    { numRuns: 150 },
  );
  expect(pruned).toBeGreaterThan(20);
});

/** Steps from values of shape [batch, sequence, 4] to another: some go position by position, some don't. */
const macros: Record<string, (add: Add, name: string, a: string, b: string, c: string) => string> = {
  tanh: (add, name, a) => add('Tanh', [a], name),
  sum: (add, name, a, b) => add('Add', [a, b], name),
  bias: (add, name, a) => add('Sub', [a, 'bias'], name),
  dense: (add, name, a) => add('MatMul', [a, 'weight'], name),
  dense2: (add, name, a) => add('MatMul', [a, 'weights'], name),
  norm: (add, name, a) => add('LayerNormalization', [a, 'bias'], name, { axis: 2 }),
  // Over all positions at once.
  wideNorm: (add, name, a) => {
    const size = add('Slice', ['like input', 'one list', 'three list'], `${name}.size`);
    return add('LayerNormalization', [a, add('Expand', ['bias', size], `${name}.scale`)], name, { axis: 1 });
  },
  softmax: (add, name, a) => add('Softmax', [a], name, { axis: 2 }),
  softmaxDown: (add, name, a) => add('Softmax', [a], name, { axis: 1 }),
  centred: (add, name, a) => add('Sub', [a, add('ReduceMean', [a], `${name}.mean`, { axes: [2] })], name),
  centredDown: (add, name, a) => add('Sub', [a, add('ReduceMean', [a], `${name}.mean`, { axes: [1] })], name),
  running: (add, name, a) => add('CumSum', [a, 'one'], name),
  turned: (add, name, a) =>
    add(
      'Transpose',
      [add('Tanh', [add('Transpose', [a], `${name}.to`, { perm: [1, 2, 0] })], `${name}.tanh`)],
      name,
      { perm: [2, 0, 1] },
    ),
  heads: (add, name, a) => {
    const split = add('Reshape', [a, 'split'], `${name}.split`);
    const turned = add('Transpose', [split], `${name}.turned`, { perm: [0, 2, 1, 3] });
    return add(
      'Reshape',
      [add('Transpose', [turned], `${name}.back`, { perm: [0, 2, 1, 3] }), 'joined'],
      name,
    );
  },
  // Not a transposition: positions get mixed.
  mixed: (add, name, a) =>
    add('Reshape', [add('Transpose', [a], `${name}.turned`, { perm: [0, 2, 1] }), 'like input'], name),
  attention: (add, name, a, b, c) => {
    const scores = add(
      'MatMul',
      [a, add('Transpose', [b], `${name}.keys`, { perm: [0, 2, 1] })],
      `${name}.scores`,
    );
    return add('MatMul', [add('Softmax', [scores], `${name}.soft`, { axis: 2 }), c], name);
  },
  where: (add, name, a, b) => add('Where', [add('Greater', [a, b], `${name}.if`), a, b], name),
  first: (add, name, a, b) =>
    add('Add', [add('Slice', [a, 'zero', 'one list', 'one list'], `${name}.cut`), b], name),
};

type Add = (
  type: string,
  inputs: string[],
  output: string,
  attributes?: Record<string, number | number[]>,
) => string;

function randomModel(steps: [string, number, number, number][], wholeToo: boolean): Uint8Array {
  const nodes: Buffer[] = [];
  const add: Add = (type, inputs, output, attributes) => {
    nodes.push(node(type, inputs, output, attributes));
    return output;
  };
  const values = ['x'];
  add('Shape', ['x'], 'like input');
  // Steps lean on what came last, so that there is something to prune.
  const pick = (n: number) => values[n % 3 ? values.length - 1 : n % values.length]!;
  for (const [i, [macro, a, b, c]] of steps.entries())
    values.push(macros[macro]!(add, `${macro}.${i}`, pick(a), pick(b), pick(c)));
  add('Gather', [values.at(-1)!, 'zero scalar'], wholeToo ? 'first' : 'logits', { axis: 1 });
  if (wholeToo)
    add(
      'Add',
      [add('ReduceMean', [values[values.length >> 1]!], 'mean', { axes: [1], keepdims: 0 }), 'first'],
      'logits',
    );
  const random = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898 + length));
  const integers = (name: string, dims: number[], ...list: bigint[]) =>
    tensor(name, dims, elementType.int64, BigInt64Array.from(list));
  return model({
    nodes,
    initializers: [
      tensor('bias', [4], elementType.float, random(4)),
      tensor('weight', [4, 4], elementType.float, random(16)),
      tensor('weights', [1, 4, 4], elementType.float, random(16)),
      integers('one', [], 1n),
      integers('one list', [1], 1n),
      integers('three list', [1], 3n),
      integers('zero', [1], 0n),
      integers('zero scalar', [], 0n),
      integers('split', [4], 0n, 0n, 2n, 2n),
      integers('joined', [3], 0n, -1n, 4n),
    ],
    inputs: [value('x', elementType.float, ['batch', 'sequence', 4])],
    outputs: [value('logits', elementType.float, ['batch', 4])],
  });
}

const floats = () =>
  [
    [1, 1],
    [1, 5],
    [3, 4],
    [4, 4],
  ].map(([batch = 0, sequence = 0]) => ({
    x: new Tensor(
      'float32',
      Float32Array.from({ length: batch * sequence * 4 }, (_, i) => Math.sin(i * 7.1 + batch)),
      [batch, sequence, 4],
    ),
  }));
