import { describe, expect, it } from 'vitest';
import { gradientError, type Operand } from '../../test/finite-differences.ts';
import type { Value } from '../index.ts';
import * as onnx from '../index.ts';

const one = (...shape: number[]): Operand => ({ shape });
const cases: Record<string, [build: (...operands: Value[]) => Value, ...operands: Operand[]]> = {
  add: [onnx.add, one(2, 3), one(2, 3)],
  'add, broadcast right': [onnx.add, one(2, 3), one(3)],
  'add, broadcast left and inside': [onnx.add, one(1, 3), one(4, 2, 1)],
  'add, one value twice': [(x) => onnx.add(x, x), one(3)],
  subtract: [onnx.subtract, one(2, 1, 3), one(2, 3)],
  multiply: [onnx.multiply, one(2, 3), one(2, 1)],
  'multiply by a scalar': [onnx.multiply, one(2, 3), one()],
  divide: [onnx.divide, { shape: [2, 3] }, { shape: [3], away: 1 }],
  'divide, broadcast left': [onnx.divide, { shape: [3] }, { shape: [2, 3], away: 1 }],
  negate: [onnx.negate, one(3)],
  exp: [onnx.exp, one(2, 3)],
  tanh: [onnx.tanh, one(2, 3)],
  erf: [onnx.erf, one(2, 3)],
  gelu: [onnx.gelu, one(3, 5)],
  softmax: [onnx.softmax, one(2, 5)],
  layerNorm: [(x, gain, offset) => onnx.layerNorm(x, gain, offset), one(2, 3, 8), one(8), one(8)],
  'sum, kept axes': [(x) => onnx.sum(x, [0, 2]), one(2, 3, 4)],
  'sum, squeezed': [(x) => onnx.sum(x, [1], { squeeze: true }), one(2, 3, 4)],
  'mean, kept axes': [(x) => onnx.mean(x, [1]), one(2, 3)],
  'mean over named sizes': [
    (x) => onnx.mean(x, [0, 1], { squeeze: true }),
    { shape: [2, 3, 2], named: ['batch', 'sequence', 2] },
  ],
  linear: [onnx.linear, one(3, 4), one(4, 2), one(2)],
  matmul: [(a, b) => onnx.matmul(a, b), one(2, 3, 4), one(2, 4, 2)],
  'matmul, transposed and scaled': [
    (a, b) => onnx.matmul(a, b, { transposeB: true, scale: 0.5 }),
    one(2, 2, 3, 4),
    one(2, 2, 5, 4),
  ],
  reshape: [(x) => onnx.reshape(x, [6, 2]), one(3, 4)],
  'reshape with named sizes': [
    (x) => onnx.reshape(onnx.reshape(x, ['batch*sequence', 4]), ['batch', 'sequence', 2, 2]),
    { shape: [3, 2, 4], named: ['batch', 'sequence', 4] },
  ],
  transpose: [(x) => onnx.transpose(x, [2, 0, 1]), one(2, 3, 4)],
  split: [(x) => onnx.add(...(onnx.split(x, 1, [2, 2]) as [Value, Value])), one(2, 4)],
  'split, one part unused': [(x) => onnx.split(x, 1, [1, 3])[1]!, one(2, 4)],
  concatenate: [(a, b) => onnx.concatenate([a, b, a], 1), one(2, 1), one(2, 3)],
  'a small network': [
    (x, weight, bias, gain, offset) => {
      const hidden = onnx.gelu(onnx.linear(x, weight, bias));
      const normal = onnx.layerNorm(onnx.add(hidden, x), gain, offset);
      const scores = onnx.matmul(normal, normal, { transposeB: true, scale: 0.5 });
      return onnx.mean(onnx.matmul(onnx.softmax(scores), hidden), [0]);
    },
    one(3, 4),
    one(4, 4),
    one(4),
    one(4),
    one(4),
  ],
};

describe('gradients equal finite differences', () => {
  for (const [name, [build, ...operands]] of Object.entries(cases))
    it(name, async () => {
      expect(await gradientError(build, operands)).toBeLessThan(2e-3);
    });

  it('crossEntropy', async () => {
    const build = (logits: Value) =>
      onnx.crossEntropy(
        logits,
        logits.graph.initializer('target', [2, 3], Float32Array.of(0, 1, 0, 0.5, 0, 0.5)),
      );
    expect(await gradientError(build, [one(2, 3)])).toBeLessThan(1e-3);
    expect(
      await gradientError(
        (x) => onnx.crossEntropy(x, x.graph.initializer('t', [2, 2], Float32Array.of(1, 0, 0, 1))),
        [one(2, 2)],
      ),
    ).toBeLessThan(1e-3);
  });

  it('notice a wrong derivative', async () => {
    const wrong = (x: Value) => {
      const [y] = x.graph.differentiable(
        [x],
        () => x.graph.emit('Exp', [x], [{ shape: x.shape }]),
        ([gradient]) => [() => gradient!],
      );
      return y!;
    };
    expect(await gradientError(wrong, [one(3)])).toBeGreaterThan(0.01);
  });
});
