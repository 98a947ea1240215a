import { elementType } from './onnx.ts';
import { axisIn, type Draws, lesser, shape, truth } from './single-op.ts';

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

/** Operators that compute: graphs around each, by what they try. */
export const computing: Record<string, Draws> = {
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
  'ReduceSum, no axes said': (s) => ({ result: s.op('ReduceSum', [s.floats([2, 3]), s.list([])]) }),
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
