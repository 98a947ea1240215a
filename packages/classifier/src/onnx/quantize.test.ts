import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { bertModel } from '../../bench/bert.ts';
import { model as buildModel, elementType, node, sumModel, tensor, value } from '../../test/onnx.ts';
import { readGraph } from './graph.ts';
import { quantize } from './quantize.ts';
import { decode, encode } from './wire.ts';

const shape = {
  layers: 2,
  hidden: 64,
  heads: 4,
  feedForward: 256,
  vocabulary: 500,
  positions: 64,
  labels: 3,
};
const model = bertModel(shape);

/** What ONNX Runtime computes, which knows nothing of how the model was written. */
async function logits(bytes: Uint8Array, rows: number[][]): Promise<number[]> {
  const session = await InferenceSession.create(bytes, { extra: { session: { x64quantprecision: '1' } } });
  const dims = [rows.length, rows[0]!.length];
  const ids = BigInt64Array.from(rows.flat(), BigInt);
  const outputs = await session.run({
    input_ids: new Tensor('int64', ids, dims),
    attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), dims),
  });
  await session.release();
  return Array.from(outputs.logits!.data as Float32Array);
}

describe('a quantised model', () => {
  it('is a quarter of the size and answers almost as it did', async () => {
    const small = quantize(model);
    expect(small.length).toBeLessThan(model.length * 0.35);
    for (let text = 0; text < 20; text++) {
      const rows = [Array.from({ length: 3 + text * 3 }, (_, i) => (i * 37 + text * 101) % shape.vocabulary)];
      const [before, after] = [await logits(model, rows), await logits(small, rows)];
      const largest = Math.max(...before.map(Math.abs));
      for (const [i, logit] of after.entries())
        expect(Math.abs(logit - before[i]!)).toBeLessThan(0.05 * largest + 0.02);
    }
  });

  it('adds a bias on the way, if its sum is all that a product is for', () => {
    const productsOf = (bytes: Uint8Array) =>
      readGraph(quantize(bytes)).nodes.filter(({ type }) => type === 'DynamicQuantizeMatMul');
    const products = productsOf(model);
    expect(products).toHaveLength(shape.layers * 6 + 1);
    expect(products.every(({ inputs }) => inputs.length === 5)).toBe(true);

    const floats = (name: string, ...dims: number[]) =>
      tensor(name, dims, elementType.float, new Float32Array(dims.reduce((a, b) => a * b)).fill(0.5));
    const read = (readers: Buffer[], bias: Buffer) =>
      buildModel({
        nodes: [node('MatMul', ['x', 'weight'], 'product'), ...readers],
        initializers: [floats('weight', 64, 64), bias],
        inputs: [value('x', elementType.float, ['rows', 64])],
        outputs: [value('sum', elementType.float, ['rows', 64])],
      });
    const sum = node('Add', ['bias', 'product'], 'sum');
    expect(productsOf(read([sum], floats('bias', 64)))[0]).toMatchObject({
      inputs: ['x', 'weight.int8', 'weight.scale', '', 'bias'],
      outputs: ['sum'],
    });
    const other = node('Tanh', ['product'], 'other');
    for (const kept of [read([sum, other], floats('bias', 64)), read([sum], floats('bias', 1, 1, 64))])
      expect(productsOf(kept)[0]).toMatchObject({ outputs: ['product'] });
  });

  it('without a large weight is the model itself', () => {
    const tiny = sumModel(
      [
        [1, 2],
        [3, 4],
      ],
      'int64',
    );
    expect(quantize(tiny)).toBe(tiny);
  });

  it('comes out the same each time, and is not quantised twice', () => {
    const small = quantize(model);
    expect(quantize(model)).toEqual(small);
    expect(quantize(small).length).toBe(small.length);
  });
});

describe('the wire format', () => {
  it('reads and writes a model back to its bytes', () => {
    expect(Buffer.compare(encode(decode(model)), model)).toBe(0);
  });

  it('reads or refuses whatever bytes it gets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
