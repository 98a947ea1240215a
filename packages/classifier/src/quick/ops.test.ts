import fc from 'fast-check';
import { expect, it } from 'vitest';
import { computing } from '../../test/computing-cases.ts';
import { moving } from '../../test/moving-cases.ts';
import { bothAnswers, type Draws, planAnswer, type Sketch, sketchModel } from '../../test/single-op.ts';
import { NoPlan } from '../errors.ts';
import { makePlan } from './make-plan.ts';
import { ops } from './ops.ts';

const cases: Record<string, Draws> = { ...computing, ...moving };

it.for(Object.entries(cases))('%s computes what ONNX Runtime does', async ([, draws]) => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const { found, expected } = await bothAnswers(seed, draws);
      expect(found).toHaveLength(expected.length);
      for (const [at, value] of expected.entries())
        if (!Number.isFinite(value)) expect(found[at]).toBe(value);
        else expect(Math.abs(found[at]! - value)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(value)));
    }),
    { numRuns: 25 },
  );
});

it('every operator has its case, or is part of the models that plan.test.ts computes', () => {
  const tried = new Set(Object.keys(cases).map((name) => name.split(/[, ]/)[0]!));
  expect(Object.keys(ops).filter((op) => !tried.has(op))).toEqual(['Gelu']);
});

const large = (s: Sketch) => s.list([2_000_000_000, 1]);
it.for<[string, (sketch: Sketch) => string]>([
  ['Mod that keeps the sign', (s) => s.op('Mod', [s.integers([3]), s.list([2])], { fmod: 1 })],
  [
    'CumSum without the number itself',
    (s) => s.op('CumSum', [s.integers([3]), s.list([0], [])], { exclusive: 1 }),
  ],
  ['CumSum from the end', (s) => s.op('CumSum', [s.integers([3]), s.list([0], [])], { reverse: 1 })],
  ['Gelu by tanh', (s) => s.op('Gelu', [s.floats([8])], { approximate: 'tanh' })],
  ['Pad by reflection', (s) => s.op('Pad', [s.integers([3]), s.list([1, 1])], { mode: 'reflect' })],
  ['Pad of some axes', (s) => s.op('Pad', [s.integers([3]), s.list([1, 1]), s.list([0], []), s.list([0])])],
  ['Max of three', (s) => s.op('Max', [s.floats([3]), s.floats([3]), s.floats([3])])],
  [
    'GatherND in batches',
    (s) => s.op('GatherND', [s.integers([2, 2]), s.list([0, 1], [2, 1])], { batch_dims: 1 }),
  ],
  ['ReduceSum that does nothing', (s) => s.op('ReduceSum', [s.floats([3])], { noop_with_empty_axes: 1 })],
  ['Gemm of a turned input', (s) => s.op('Gemm', [s.floats([8, 2]), s.weights([8, 8])], { transA: 1 })],
  ['an attribute nobody knows', (s) => s.op('Relu', [s.floats([3])], { leak: 1 })],
])('%s has no plan', ([, result]) => {
  const { bytes } = sketchModel(1, (s) => ({ result: result(s), isInteger: true }));
  expect(() => makePlan(bytes, bytes)).toThrow(NoPlan);
});

it.for<[string, (sketch: Sketch) => string]>([
  ['a sum of more than 32 bits', (s) => s.op('Add', [large(s), large(s)])],
  ['a product of more than 32 bits', (s) => s.op('Mul', [large(s), large(s)])],
  ['a division by 0', (s) => s.op('Div', [large(s), s.list([0])])],
  ['a remainder by 0', (s) => s.op('Mod', [large(s), s.list([0])])],
  ['a whole number that is none', (s) => s.op('Cast', [s.known(Float32Array.of(Number.NaN))], { to: 7 })],
  ['Gather past the end', (s) => s.op('Gather', [s.floats([3]), s.list([3])])],
  ['Gather before the beginning of a table', (s) => s.op('Gather', [s.weights([3, 2]), s.list([-4])])],
  ['GatherElements past the end', (s) => s.op('GatherElements', [large(s), s.list([2])])],
  ['GatherND past the end', (s) => s.op('GatherND', [large(s), s.list([2], [1, 1])])],
  ['Concat of what does not fit', (s) => s.op('Concat', [s.floats([2, 3]), s.floats([2, 40])], { axis: 0 })],
  ['Reshape by a fraction', (s) => s.op('Reshape', [s.floats([7]), s.list([2, -1])])],
  [
    'a Range that never ends',
    (s) =>
      s.op(
        'Range',
        [1, 0, 0].map((bound) => s.list([bound], [])),
      ),
  ],
  [
    'a Slice in steps of 0',
    (s) => s.op('Slice', [s.floats([3]), ...[0, 3, 0, 0].map((bound) => s.list([bound]))]),
  ],
  [
    'a gain for other columns',
    (s) => s.op('LayerNormalization', [s.floats([2, 8]), s.weights([1]), s.weights([8])]),
  ],
  [
    'a bias for other columns',
    (s) => {
      const weights = s.known(new Int8Array(32), [4, 8]);
      return s.op('DynamicQuantizeMatMul', [s.floats([1, 4]), weights, s.weights([8]), '', s.weights([1])]);
    },
  ],
])('%s is a RangeError', async ([, result]) => {
  await expect(planAnswer(sketchModel(1, (s) => ({ result: result(s) })))).rejects.toThrow(RangeError);
});
