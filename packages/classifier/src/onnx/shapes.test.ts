import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { bertModel } from '../../bench/bert.ts';
import { model as buildModel, elementType, node, tensor, value } from '../../test/onnx.ts';
import { readGraph } from './graph.ts';
import { inferShapes } from './shapes.ts';
import { all, bytesField, decode, encode, textField } from './wire.ts';

const shape = {
  ...{ layers: 1, hidden: 16, heads: 2, feedForward: 32, vocabulary: 32, positions: 18, labels: 2 },
};
const exported = ['bert-opset14', 'roberta-opset17', 'distilbert-dynamo'].map(
  (name): [string, Uint8Array] => [
    name,
    readFileSync(join(import.meta.dirname, `../../test/exports/${name}.onnx`)),
  ],
);

/** The model with every value for an output. */
function withAllOutputs(model: Uint8Array): Uint8Array {
  const [graphField, outputField] = [7, 12];
  const graph = decode(all(decode(model), graphField)[0]!);
  const names = readGraph(model).nodes.flatMap(({ outputs }) => outputs);
  const given = readGraph(model).outputs.map(({ name }) => name);
  const outputs = names
    .filter((name) => name && !given.includes(name))
    .map((name) => bytesField(outputField, encode([textField(1, name)])));
  const fields = decode(model).filter(({ number }) => number !== graphField);
  return encode([...fields, bytesField(graphField, encode([...graph, ...outputs]))]);
}

const bert: [string, Uint8Array][] = [
  ['bench', bertModel(shape)],
  ['decomposed', bertModel(shape, { layerNorm: 'decomposed', reads: 'mean' })],
];
const numbers = (name: string, ...list: bigint[]) =>
  tensor(name, [list.length], elementType.int64, BigInt64Array.from(list));
/** Sizes taken apart, put together again and lost on the way. */
const sizes = buildModel({
  nodes: [
    node('Shape', ['input_ids'], 'size'),
    node('Cast', ['size'], 'whether', { to: 9 }),
    node('Cast', ['whether'], 'ones', { to: elementType.int64 }),
    node('Slice', ['size', 'one', 'two'], 'length'),
    node('Concat', ['one', 'length', 'two'], 'wanted', { axis: 0 }),
    node('Equal', ['wanted', 'minus'], 'open'),
    node('Where', ['open', 'two', 'wanted'], 'filled'),
    node('Expand', ['one', 'filled'], 'expanded'),
    node('Squeeze', ['expanded', 'zero'], 'squeezed'),
    node('Reshape', ['squeezed', 'folded'], 'flat'),
    node('ConstantOfShape', ['length'], 'nothing'),
    node('Cast', ['ones'], 'logits', { to: elementType.float }),
  ],
  initializers: [
    ...[numbers('zero', 0n), numbers('one', 1n), numbers('two', 2n), numbers('minus', -1n)],
    numbers('folded', 2n, -1n),
  ],
  inputs: [value('input_ids', elementType.int64, ['batch', 'sequence'])],
  outputs: [value('logits', elementType.float, [2])],
});
it.each([...bert, ...exported, ['sizes', sizes] as const])(
  '%s: every shape is what ONNX Runtime finds',
  async (_, model) => {
    const known = inferShapes(readGraph(model));
    const session = await InferenceSession.create(withAllOutputs(model), {
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 3,
    });
    let compared = 0;
    for (const [batch, sequence] of [
      [1, 2],
      [3, 5],
      [5, 17],
    ] as const) {
      const ids = BigInt64Array.from({ length: batch * sequence }, (_, i) => BigInt(3 + (i % 20)));
      const columns = {
        input_ids: ids,
        attention_mask: ids.map(() => 1n),
        token_type_ids: ids.map(() => 0n),
      };
      const tensors = Object.entries(columns).map(([name, data]) => [
        name,
        new Tensor('int64', data, [batch, sequence]),
      ]);
      const feeds = Object.fromEntries(tensors.filter(([name]) => session.inputNames.includes(`${name}`)));
      // A name stands for one size throughout a run.
      const sizes = new Map<string, number>(Object.entries({ batch, sequence }));
      for (const [name, { dims, data }] of Object.entries(await session.run(feeds))) {
        const { shape, elements } = known.get(name) ?? {};
        const hold = (extents: (number | string)[], found: number[]) => {
          compared++;
          for (const [i, extent] of extents.entries())
            if (typeof extent === 'string' && !sizes.has(extent)) sizes.set(extent, found[i]!);
          expect({ [name]: extents.map((extent) => sizes.get(`${extent}`) ?? extent) }).toEqual({
            [name]: found,
          });
        };
        if (shape) hold(shape, [...dims]);
        if (elements) hold(elements, Array.from(data as ArrayLike<bigint>, Number));
      }
    }
    expect(compared).toBeGreaterThan(readGraph(model).nodes.length * 2);
    await session.release();
  },
);
