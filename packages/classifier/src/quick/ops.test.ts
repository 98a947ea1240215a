import fc from 'fast-check';
import { expect, it } from 'vitest';
import { elementType } from '../../test/onnx.ts';
import { bothAnswers, type Draws, planAnswer, type Sketch, sketchModel } from '../../test/single-op.ts';
import { NoPlan } from '../errors.ts';
import { makePlan } from './make-plan.ts';
import { ops } from './ops.ts';

/** A shape of up to four dimensions. */
const shape = ({ draw }: Sketch, least = 1, most = 4): number[] =>
  Array.from({ length: draw.int(least, most) }, () => draw.pick(1, 2, 3, 4, 5, 8, 13));
/** The same with some dimensions 1 and perhaps without the first: it broadcasts. */
function lesser({ draw }: Sketch, dims: number[]): number[] {
  return dims.map((dim) => draw.pick(dim, dim, 1)).slice(draw.int(0, dims.length));
}
const axisIn = ({ draw }: Sketch, dims: number[]) => draw.int(-dims.length, dims.length - 1);

const unary =
  (type: string): Draws =>
  (s) => ({ result: s.op(type, [s.floats(shape(s))]) });
const binary =
  (type: string): Draws =>
  (s) => {
    const dims = shape(s);
    const operands = [s.floats(dims), s.weights(lesser(s, dims))];
    return { result: s.op(type, s.draw.pick(operands, operands.toReversed())) };
  };
const onIntegers =
  (type: string, least = 0): Draws =>
  (s) => {
    // A list that the model knows is short.
    const dims = shape(s, 1, 3);
    const known = lesser(s, dims);
    const values = Array.from({ length: known.reduce((a, b) => a * b, 1) }, () => s.draw.int(least, 7));
    return { result: s.op(type, [s.integers(dims, 9), s.list(values, known)]), isInteger: true };
  };
const truth = (s: Sketch, dims: number[]) => s.op('Cast', [s.integers(dims, 1)], { to: 9 });
const reduction =
  (type: string): Draws =>
  (s) => {
    const dims = shape(s);
    const axis = axisIn(s, dims);
    const keepdims = s.draw.int(0, 1);
    return {
      result:
        type === 'ReduceSum'
          ? s.op(type, [s.floats(dims), s.list([axis])], { keepdims })
          : s.op(type, [s.floats(dims)], { axes: [axis], keepdims }),
    };
  };

const cases: Record<string, Draws> = {
  ...Object.fromEntries(['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min'].map((type) => [type, binary(type)])),
  ...Object.fromEntries(
    ['Erf', 'Exp', 'HardSigmoid', 'Neg', 'Relu', 'Sigmoid', 'Tanh'].map((type) => [type, unary(type)]),
  ),
  'Add, whole numbers': onIntegers('Add', -7),
  'Sub, whole numbers': onIntegers('Sub', -7),
  'Mul, whole numbers': onIntegers('Mul', -7),
  'Div, whole numbers': onIntegers('Div', 1),
  Mod: onIntegers('Mod', 1),
  Equal: onIntegers('Equal'),
  Less: onIntegers('Less'),
  LessOrEqual: onIntegers('LessOrEqual'),
  Greater: onIntegers('Greater'),
  GreaterOrEqual: onIntegers('GreaterOrEqual'),
  And: (s) => ({ result: s.op('And', [truth(s, [3, 4]), truth(s, [4])]), isInteger: true }),
  Or: (s) => ({ result: s.op('Or', [truth(s, [3, 4]), truth(s, [4])]), isInteger: true }),
  Not: (s) => ({ result: s.op('Not', [truth(s, shape(s))]), isInteger: true }),
  'Neg, whole numbers': (s) => ({ result: s.op('Neg', [s.integers(shape(s))]), isInteger: true }),
  IsNaN: (s) => {
    const x = s.op('Relu', [s.floats([4, 5])]);
    return { result: s.op('IsNaN', [s.op('Div', [x, x])]), isInteger: true };
  },
  Sqrt: (s) => ({ result: s.op('Sqrt', [s.op('Relu', [s.floats(shape(s))])]) }),
  Pow: (s) => ({ result: s.op('Pow', [s.floats(shape(s)), s.list([s.draw.int(2, 3)], [])]) }),
  MatMul: (s) => {
    const batch = shape(s, 0, 2);
    const [m, k, n] = [s.draw.int(1, 9), s.draw.int(1, 9), s.draw.pick(1, 3, 7, 8, 9, 16, 21)];
    const b = s.draw.pick(
      batch,
      [],
      batch.map(() => 1),
    );
    return {
      result: s.op('MatMul', [s.floats([...batch, m, k]), s.draw.pick(s.floats, s.weights)([...b, k, n])]),
    };
  },
  Gemm: (s) => {
    const [m, k, n] = [s.draw.int(1, 5), s.draw.int(1, 9), s.draw.pick(2, 8, 19)];
    const transB = s.draw.int(0, 1);
    const matrix = s.weights(transB ? [n, k] : [k, n]);
    return { result: s.op('Gemm', [s.floats([m, k]), matrix, s.weights([n])], { transB }) };
  },
  Softmax: (s) => ({ result: s.op('Softmax', [s.floats(shape(s))], { axis: -1 }) }),
  LayerNormalization: (s) => {
    const columns = s.draw.pick(4, 8, 32, 36);
    const inputs = [s.floats([...shape(s, 0, 2), columns]), s.weights([columns]), s.weights([columns])];
    return { result: s.op('LayerNormalization', inputs, { axis: -1 }) };
  },
  ReduceMean: reduction('ReduceMean'),
  ReduceSum: reduction('ReduceSum'),
  Where: (s) => {
    const dims = shape(s);
    return { result: s.op('Where', [truth(s, lesser(s, dims)), s.floats(dims), s.weights(lesser(s, dims))]) };
  },
  'Where, whole numbers': (s) => {
    const dims = shape(s);
    const inputs = [truth(s, lesser(s, dims)), s.integers(dims), s.integers(lesser(s, dims))];
    return { result: s.op('Where', inputs), isInteger: true };
  },
  'Cast to whole numbers': (s) => ({
    result: s.op('Cast', [s.floats(shape(s))], { to: s.draw.pick(elementType.int64, elementType.int32) }),
    isInteger: true,
  }),
  'Cast to truth': (s) => ({
    result: s.op('Cast', [s.op('Relu', [s.floats(shape(s))])], { to: 9 }),
    isInteger: true,
  }),
  Identity: (s) => ({ result: s.op('Identity', [s.floats(shape(s))]) }),
  Dropout: (s) => ({ result: s.op('Dropout', [s.floats(shape(s))]) }),
  Shape: (s) => {
    const dims = shape(s, 2);
    const attributes = s.draw.pick({}, { start: 1 }, { start: -1 }, { start: 0, end: -1 });
    return { result: s.op('Shape', [s.floats(dims)], attributes), isInteger: true };
  },
  Reshape: (s) => {
    const [a, b, c] = [s.draw.int(1, 4), s.draw.int(1, 4), s.draw.int(1, 4)];
    const wanted = s.draw.pick([0, -1], [-1], [0, 0, c], [c, -1, 1], [b, a, c]);
    return { result: s.op('Reshape', [s.floats([a, b, c]), s.list(wanted)]) };
  },
  Unsqueeze: (s) => ({
    result: s.op('Unsqueeze', [s.floats([2, 3]), s.list(s.draw.pick([0], [-1], [1, 3]))]),
  }),
  Squeeze: (s) => ({
    result: s.op('Squeeze', [
      s.floats([1, 3, 1, 2]),
      ...s.draw.pick<string[]>([], [s.list([0])], [s.list([-2, 0])]),
    ]),
  }),
  Flatten: (s) => ({ result: s.op('Flatten', [s.floats([2, 3, 4])], { axis: s.draw.int(-2, 3) }) }),
  Transpose: (s) => {
    const dims = shape(s);
    const axes = dims.map((_, axis) => axis);
    const perm = axes.toSorted(() => s.draw.int(-1, 1));
    return { result: s.op('Transpose', [s.floats(dims)], s.draw.pick({ perm }, {})) };
  },
  Slice: (s) => {
    const dims = shape(s);
    const bound = () => s.draw.pick(-9, -2, -1, 0, 1, 2, 3, 99);
    const bounds = [[bound()], [bound()], [axisIn(s, dims)], [s.draw.pick(1, 1, 2, -1, -2)]];
    const [start, end, axis, step] = bounds as [number[], number[], number[], number[]];
    // What comes out empty is of no use to a model.
    const size = dims.at(axis[0]!)!;
    const from = start[0]! < 0 ? start[0]! + size : start[0]!;
    if (step[0]! > 0 ? from >= size || from < 0 : true) [start[0], end[0], step[0]] = [0, 99, 1];
    else end[0] = 99;
    return {
      result: s.op('Slice', [s.draw.pick(s.floats, s.weights)(dims), ...bounds.map((b) => s.list(b))]),
    };
  },
  'Slice backwards': (s) => ({
    result: s.op('Slice', [
      s.floats([3, 5]),
      ...[[-1], [-9], [1], [-s.draw.int(1, 2)]].map((b) => s.list(b)),
    ]),
  }),
  Gather: (s) => {
    const dims = shape(s);
    const axis = axisIn(s, dims);
    const indices = s.op('Mod', [s.integers(shape(s, 0, 2), 50), s.list([dims.at(axis)!])]);
    return { result: s.op('Gather', [s.draw.pick(s.floats, s.weights)(dims), indices], { axis }) };
  },
  'Gather, whole numbers': (s) => {
    const known = s.list([5, 6, 7, 8, 9, 10], [2, 3]);
    return {
      result: s.op('Gather', [known, s.list(s.draw.pick([0], [-1, 1]))], { axis: s.draw.int(0, 1) }),
      isInteger: true,
    };
  },
  GatherElements: (s) => ({
    result: s.op('GatherElements', [s.integers([3, 4], 99), s.list([0, 3, -1, 2], [2, 2])], { axis: 1 }),
    isInteger: true,
  }),
  GatherND: (s) => ({
    result: s.op('GatherND', [
      s.integers([3, 4, 2], 99),
      s.draw.pick(s.list([0, 3, 2, 1], [2, 2]), s.list([0, 2], [2, 1])),
    ]),
    isInteger: true,
  }),
  Concat: (s) => {
    const dims = shape(s);
    const axis = axisIn(s, dims);
    const like = () =>
      dims.map((dim, at) => (at === (axis + dims.length) % dims.length ? s.draw.int(1, 4) : dim));
    return { result: s.op('Concat', [s.floats(like()), s.weights(like()), s.floats(like())], { axis }) };
  },
  'Concat, whole numbers': (s) => ({
    result: s.op('Concat', [s.integers([2, 3]), s.integers([2, 1])], { axis: 1 }),
    isInteger: true,
  }),
  Expand: (s) => {
    const dims = shape(s);
    return { result: s.op('Expand', [s.floats(lesser(s, dims)), s.list(dims)]) };
  },
  Pad: (s) => ({
    result: s.op('Pad', [
      s.integers([3, 4]),
      s.list(s.draw.pick([0, 0, 0, 3], [0, 1, 0, -1], [1, 0, 0, 2])),
      s.list([s.draw.int(0, 9)], []),
    ]),
    isInteger: true,
  }),
  ConstantOfShape: (s) => ({ result: s.op('ConstantOfShape', [s.op('Shape', [s.floats(shape(s))])]) }),
  Range: (s) => {
    const bounds = s.draw.pick([0, 7, 2], [5, -3, -1], [2, 3, 1]);
    return {
      result: s.op(
        'Range',
        bounds.map((bound) => s.list([bound], [])),
      ),
      isInteger: true,
    };
  },
  ...Object.fromEntries(
    ['Erf', 'Exp', 'Neg', 'Relu', 'Sigmoid', 'Tanh', 'Softmax'].map((type): [string, Draws] => [
      `${type}, far out`,
      (s) => {
        const far = [Number.NEGATIVE_INFINITY, -3.4e38, -1e4, -89, -87.5, -1e-40, 0, 1e-40, 88, 89, 1e4];
        const finite = type === 'Softmax' ? [] : [3.4e38, Number.POSITIVE_INFINITY];
        return { result: s.op(type, [s.known(Float32Array.of(...far, ...finite))]) };
      },
    ]),
  ),
  'Softmax, masked': (s) => {
    const [rows, columns] = [s.draw.int(1, 4), s.draw.int(1, 9)];
    const far = s.known(Float32Array.of(s.draw.pick(-Infinity, -3.4028235e38, -1e4)), []);
    const masked = s.op('Where', [truth(s, [rows, columns]), far, s.floats([rows, columns])]);
    return { result: s.op('Softmax', [masked], { axis: -1 }) };
  },
  'LayerNormalization, rows of one value': (s) => {
    const rows = s.op('Mul', [s.floats([3, 1]), s.known(new Float32Array(8).fill(1))]);
    return { result: s.op('LayerNormalization', [rows, s.weights([8]), s.weights([8])]) };
  },
  DynamicQuantizeMatMul: (s) => {
    const [m, k, n] = [s.draw.int(1, 9), s.draw.pick(4, 8, 20, 64), s.draw.pick(8, 9, 16, 21)];
    const x = s.floats([m, k]);
    const most = s.draw.int(1, 290) / 100;
    const bound = (sign: number) => s.known(Float32Array.of(sign * most));
    const input = s.draw.pick(
      () => x,
      () => s.op('Relu', [x]),
      () => s.op('Neg', [s.op('Relu', [x])]),
      () => s.op('Mul', [x, s.known(Float32Array.of(0), [])]),
      // As far on both sides of 0: the zero point is between two steps.
      () => s.op('Max', [s.op('Min', [x, bound(1)]), bound(-1)]),
    )();
    const weights = s.known(
      Int8Array.from({ length: k * n }, () => s.draw.int(-128, 127)),
      [k, n],
    );
    const bias = s.draw.int(0, 1) ? ['', s.weights([n])] : [];
    return { result: s.op('DynamicQuantizeMatMul', [input, weights, s.weights([n]), ...bias]) };
  },
  'DynamicQuantizeMatMul, the largest sums': (s) => ({
    result: s.op('DynamicQuantizeMatMul', [
      s.known(new Float32Array(32768).fill(s.draw.pick(1, -1)), [1, 32768]),
      s.known(new Int8Array(32768 * 8).fill(s.draw.pick(127, -128)), [32768, 8]),
      s.known(new Float32Array(8).fill(1e-6)),
    ]),
  }),
  'Reshape, to none': (s) => {
    const nothing = s.op('Slice', [s.floats([2, 3]), s.list([0]), s.list([0]), s.list([0])]);
    return { result: s.op('Reshape', [nothing, s.list([4, 0])], { allowzero: 1 }) };
  },
  'ReduceSum, no axes said': (s) => ({ result: s.op('ReduceSum', [s.floats([2, 3]), s.list([])]) }),
  'Slice, several axes': (s) => {
    const part = () => s.draw.pick([0, 99, 1], [-1, -99, -1], [1, 3, 1], [1, 99, 2], [3, 0, -2], [2, 2, 1]);
    const [a, b] = [part(), part()] as [number[], number[]];
    const bounds = [0, 1, 2].map((at) => [a[at]!, b[at]!]) as [number[], number[], number[]];
    const [starts, ends, steps] = bounds.map((bound) => s.list(bound)) as [string, string, string];
    return { result: s.op('Slice', [s.floats([4, 2, 5]), starts, ends, s.list([2, 0]), steps]) };
  },
  'ConstantOfShape, read twice and not at all': (s) => {
    const zeros = s.op('ConstantOfShape', [s.list([2, 3])]);
    s.op('Add', [zeros, zeros]);
    return { result: s.op('Add', [zeros, zeros]) };
  },
  // Values that share memory, are read twice by one node or by none.
  'Add, among all kinds of others': (s) => {
    const values = [s.floats([2, 3, 4]), s.weights([2, 3, 4])];
    const any = () => s.draw.pick(...values);
    const half = s.known(Float32Array.of(0.5), []);
    const steps: (() => string)[] = [
      () => s.op('Identity', [any()]),
      () => s.op('Cast', [any()], { to: 1 }),
      () => s.op('Reshape', [s.op('Reshape', [any(), s.list([-1])]), s.list([2, 3, 4])]),
      () => s.op('Squeeze', [s.op('Unsqueeze', [any(), s.list([1])]), s.list([1])]),
      () => s.op('Transpose', [s.op('Transpose', [any()], { perm: [2, 0, 1] })], { perm: [1, 2, 0] }),
      () => s.op('Mul', [s.op('Add', [any(), any()]), half]),
      () => s.op('Softmax', [any()], { axis: 2 }),
      () =>
        s.op('Slice', [s.op('Concat', [any(), any()], { axis: 1 }), s.list([2]), s.list([5]), s.list([1])]),
    ];
    for (let at = s.draw.int(5, 25); at > 0; at--) values.push(s.draw.pick(...steps)());
    return { result: s.op('Add', [any(), any()]) };
  },
  CumSum: (s) => ({ result: s.op('CumSum', [s.integers([3, 5]), s.list([1], [])]), isInteger: true }),
};

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
