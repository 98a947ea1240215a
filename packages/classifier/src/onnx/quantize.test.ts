import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { bertModel } from '../../bench/bert.ts';
import { sumModel } from '../../test/onnx.ts';
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
