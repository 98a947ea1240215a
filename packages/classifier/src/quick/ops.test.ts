import fc from 'fast-check';
import { expect, it } from 'vitest';
import { elementType } from '../../test/onnx.ts';
import { bothAnswers, type Sketch } from '../../test/single-op.ts';
import { ops } from './ops.ts';

type Case = (sketch: Sketch) => { result: string; isInteger?: boolean };

/** A shape of up to four dimensions. */
const shape = ({ draw }: Sketch, least = 1, most = 4): number[] =>
  Array.from({ length: draw.int(least, most) }, () => draw.pick(1, 2, 3, 4, 5, 8, 13));
/** The same with some dimensions 1 and perhaps without the first: it broadcasts. */
function lesser({ draw }: Sketch, dims: number[]): number[] {
  return dims.map((dim) => draw.pick(dim, dim, 1)).slice(draw.int(0, dims.length));
}
const axisIn = ({ draw }: Sketch, dims: number[]) => draw.int(-dims.length, dims.length - 1);

const unary =
  (type: string): Case =>
  (s) => ({ result: s.op(type, [s.floats(shape(s))]) });
const binary =
  (type: string): Case =>
  (s) => {
    const dims = shape(s);
    const operands = [s.floats(dims), s.weights(lesser(s, dims))];
    return { result: s.op(type, s.draw.pick(operands, operands.toReversed())) };
  };
const onIntegers =
  (type: string, least = 0): Case =>
  (s) => {
    const dims = shape(s);
    const known = lesser(s, dims);
    const values = Array.from({ length: known.reduce((a, b) => a * b, 1) }, () => s.draw.int(least, 7));
    return { result: s.op(type, [s.integers(dims, 9), s.list(values, known)]), isInteger: true };
  };
const truth = (s: Sketch, dims: number[]) => s.op('Cast', [s.integers(dims, 1)], { to: 9 });
const reduction =
  (type: string): Case =>
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

const cases: Record<string, Case> = {
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
  CumSum: (s) => ({ result: s.op('CumSum', [s.integers([3, 5]), s.list([1], [])]), isInteger: true }),
};

it.for(Object.entries(cases))('%s computes what ONNX Runtime does', async ([, draws]) => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const { found, expected } = await bothAnswers(seed, draws);
      expect(found).toHaveLength(expected.length);
      for (const [at, value] of expected.entries())
        if (!Object.is(found[at], value))
          expect(Math.abs(found[at]! - value)).toBeLessThanOrEqual(2e-6 * Math.max(1, Math.abs(value)));
    }),
    { numRuns: 25 },
  );
});

it('every operator has its case, or is part of the models that plan.test.ts computes', () => {
  const tried = new Set(Object.keys(cases).map((name) => name.split(/[, ]/)[0]!));
  expect(Object.keys(ops).filter((op) => !tried.has(op))).toEqual(['Gelu', 'DynamicQuantizeMatMul']);
});
