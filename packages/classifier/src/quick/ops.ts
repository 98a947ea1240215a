import { elementType } from '../onnx/graph.ts';
import * as floats from './floats.ts';
import type { Memory } from './memory.ts';
import * as moves from './moves.ts';
import { axisOf, broadcast, type Ints, ints, intsOf, intValue, sizeOf, type Value } from './values.ts';

/** A node's attributes, as far as they are numbers. */
export type Attributes = Record<string, number | number[]>;

/** Computes a node's only output; throws a RangeError or TypeError on what it isn't made for. */
export type Op = (memory: Memory, inputs: (Value | undefined)[], attributes: Attributes) => Value;

const int = (attributes: Attributes, name: string, otherwise: number): number => {
  const value = attributes[name] ?? otherwise;
  return typeof value === 'number' ? value : otherwise;
};

/** A list that came as an attribute in older opsets, and comes as an input since. */
const list = (attributes: Attributes, name: string, input: Value | undefined): number[] | undefined => {
  const value = attributes[name];
  if (Array.isArray(value)) return value;
  return input && intsOf(input);
};

function given(value: Value | undefined): Value {
  if (!value) throw new TypeError('an input is missing');
  return value;
}

const unary =
  (name: floats.Unary): Op =>
  (memory, [x]) =>
    floats.unary(memory, name, given(x));

/** For both kinds of numbers. */
const arithmetic =
  (name: floats.Binary, onInts: (a: number, b: number) => number): Op =>
  (memory, [a, b]) =>
    a?.type === 'int' && b?.type === 'int'
      ? elementwise(memory, a, b, onInts)
      : floats.binary(memory, name, given(a), given(b));

const onInts =
  (compute: (a: number, b: number) => number): Op =>
  (memory, [a, b]) =>
    elementwise(memory, intValue(a), intValue(b), compute);

function elementwise(memory: Memory, a: Ints, b: Ints, compute: (a: number, b: number) => number): Ints {
  const dims = broadcast(a.dims, b.dims);
  const [x, y] = [a, b].map((value) => (moves.expand(memory, value, dims) as Ints).data) as [
    Int32Array,
    Int32Array,
  ];
  return { type: 'int', dims, data: x.map((value, at) => whole(compute(value, y[at]!))) };
}

/** ONNX's whole numbers have 64 bits, these 32: throws a RangeError on one that doesn't fit, or is none. */
function whole(value: number): number {
  if (value !== (value | 0)) throw new RangeError(`${value} as a whole number of 32 bits`);
  return value;
}

function requireLast(axis: number, value: Value): void {
  if (axisOf(axis, value.dims.length) !== value.dims.length - 1)
    throw new RangeError(`axis ${axis} of [${value.dims}] isn't the last`);
}

const reduce =
  (factor: (count: number) => number): Op =>
  (memory, [x, axesInput], attributes) => {
    const value = given(x);
    const named = list(attributes, 'axes', axesInput);
    const axes = named?.length ? named : value.dims.map((_, axis) => axis);
    const count = axes.reduce((size, axis) => size * value.dims[axisOf(axis, value.dims.length)]!, 1);
    return floats.sum(memory, value, axes, int(attributes, 'keepdims', 1) === 1, factor(count));
  };

/** x², x³ and √x by what is cheaper than a power. */
const pow: Op = (memory, [x, exponent]) => {
  const base = given(x);
  const power = numberOf(memory, given(exponent));
  if (power === 0.5) return floats.unary(memory, 'sqrt', base);
  if (power !== 2 && power !== 3) throw new RangeError(`a power of ${power}`);
  const square = floats.binary(memory, 'mul', base, base);
  if (power === 2) return square;
  const cube = floats.binary(memory, 'mul', square, base);
  memory.release(square);
  return cube;
};

function numberOf(memory: Memory, value: Value): number {
  if (sizeOf(value.dims) !== 1) throw new RangeError(`[${value.dims}] isn't one number`);
  return (value.type === 'int' ? value.data : floats.numbersOf(memory, value))[0]!;
}

const cast: Op = (memory, [x], attributes) => {
  const value = given(x);
  const to = int(attributes, 'to', 0);
  if (to === elementType.float) return floats.toFloats(memory, value);
  const { dims, data } = value.type === 'int' ? value : { ...value, data: floats.numbersOf(memory, value) };
  if (to === elementType.bool)
    return ints(
      dims,
      Array.from(data, (item) => Number(item !== 0)),
    );
  if (to === elementType.int32 || to === elementType.int64)
    return ints(
      dims,
      data.map((item) => whole(Math.trunc(item))),
    );
  throw new RangeError(`a cast to ONNX's element type ${to}`);
};

/** max(0, min(1, alpha · x + beta)). */
const hardSigmoid: Op = (memory, [x], attributes) => {
  const scaled = withNumber(memory, 'mul', given(x), int(attributes, 'alpha', 0.2));
  const moved = withNumber(memory, 'add', scaled, int(attributes, 'beta', 0.5));
  const most = withNumber(memory, 'min', moved, 1);
  const result = floats.unary(memory, 'relu', most);
  for (const value of [scaled, moved, most]) memory.release(value);
  return result;
};

function withNumber(memory: Memory, name: floats.Binary, value: Value, number: number): Value {
  const operand = floats.constant(memory, number);
  const result = floats.binary(memory, name, value, operand);
  memory.release(operand);
  return result;
}

const same: Op = (_, [x]) => moves.reshape(given(x), given(x).dims);

/** What a quick start can compute: ONNX's operators under their names, with what transformers need of each. */
export const ops: Record<string, Op> = {
  Add: arithmetic('add', (a, b) => a + b),
  Sub: arithmetic('sub', (a, b) => a - b),
  Mul: arithmetic('mul', (a, b) => a * b),
  Div: arithmetic('div', (a, b) => Math.trunc(a / b)),
  Max: arithmetic('max', Math.max),
  Min: arithmetic('min', Math.min),
  Mod: onInts((a, b) => a - Math.floor(a / b) * b),
  Equal: onInts((a, b) => Number(a === b)),
  Less: onInts((a, b) => Number(a < b)),
  LessOrEqual: onInts((a, b) => Number(a <= b)),
  Greater: onInts((a, b) => Number(a > b)),
  GreaterOrEqual: onInts((a, b) => Number(a >= b)),
  And: onInts((a, b) => a & b),
  Or: onInts((a, b) => a | b),
  IsNaN: (memory, [x]) =>
    ints(
      given(x).dims,
      Array.from(floats.numbersOf(memory, given(x)), (value) => Number(Number.isNaN(value))),
    ),
  Not: (_, [x]) => ({ ...intValue(x), data: intValue(x).data.map((value) => 1 - value) }),
  Neg: (memory, [x]) =>
    x?.type === 'int'
      ? { ...x, data: x.data.map((value) => whole(-value)) }
      : floats.unary(memory, 'negate', given(x)),
  Erf: unary('erf'),
  Exp: unary('exp'),
  Gelu: unary('gelu'),
  HardSigmoid: hardSigmoid,
  Relu: unary('relu'),
  Sigmoid: unary('sigmoid'),
  Sqrt: unary('sqrt'),
  Tanh: unary('tanh'),
  Pow: pow,
  MatMul: (memory, [a, b]) => floats.matmul(memory, given(a), given(b)),
  Gemm: (memory, [a, b, c]) => {
    const product = floats.matmul(memory, given(a), given(b));
    if (!c) return product;
    const result = floats.binary(memory, 'add', product, c);
    memory.release(product);
    return result;
  },
  DynamicQuantizeMatMul: (memory, [a, b, scales, zeroPoints, bias]) => {
    if (zeroPoints) throw new RangeError('zero points');
    return floats.quantizedMatmul(memory, given(a), given(b), given(scales), bias);
  },
  Softmax: (memory, [x], attributes) => {
    requireLast(int(attributes, 'axis', -1), given(x));
    return floats.softmax(memory, given(x));
  },
  LayerNormalization: (memory, [x, gain, offset], attributes) => {
    requireLast(int(attributes, 'axis', -1), given(x));
    return floats.layerNorm(memory, given(x), given(gain), given(offset), int(attributes, 'epsilon', 1e-5));
  },
  ReduceMean: reduce((count) => 1 / count),
  ReduceSum: reduce(() => 1),
  Where: (memory, [condition, x, y]) => {
    const chosen = intValue(condition);
    if (x?.type !== 'int' || y?.type !== 'int') return floats.where(memory, chosen, given(x), given(y));
    const dims = broadcast(broadcast(chosen.dims, x.dims), y.dims);
    const [c, yes, no] = [chosen, x, y].map((value) => (moves.expand(memory, value, dims) as Ints).data);
    return { type: 'int', dims, data: yes!.map((value, at) => (c![at] ? value : no![at]!)) };
  },
  Cast: cast,
  Identity: same,
  Dropout: same,
  Shape: (_, [x], attributes) => {
    const { dims } = given(x);
    const part = dims.slice(int(attributes, 'start', 0), int(attributes, 'end', dims.length));
    return ints([part.length], part);
  },
  Reshape: (_, [x, shape], attributes) =>
    moves.reshapeTo(given(x), intsOf(shape), int(attributes, 'allowzero', 0) === 1),
  Unsqueeze: (_, [x, axes], attributes) =>
    moves.reshape(given(x), moves.unsqueezed(given(x).dims, list(attributes, 'axes', axes) ?? [])),
  Squeeze: (_, [x, axes], attributes) =>
    moves.reshape(given(x), moves.squeezed(given(x).dims, list(attributes, 'axes', axes))),
  Flatten: (_, [x], attributes) => {
    const { dims } = given(x);
    const axis = axisOf(int(attributes, 'axis', 1), dims.length);
    return moves.reshape(given(x), [sizeOf(dims.slice(0, axis)), sizeOf(dims.slice(axis))]);
  },
  Transpose: (memory, [x], attributes) => {
    const order =
      list(attributes, 'perm', undefined) ??
      given(x)
        .dims.map((_, at) => at)
        .toReversed();
    return moves.transpose(memory, given(x), order);
  },
  Slice: (memory, [x, starts, ends, axes, strides]) =>
    moves.slice(
      memory,
      given(x),
      intsOf(starts),
      intsOf(ends),
      axes && intsOf(axes),
      strides && intsOf(strides),
    ),
  Gather: (memory, [x, indices], attributes) =>
    moves.gather(
      memory,
      given(x),
      intValue(indices),
      axisOf(int(attributes, 'axis', 0), given(x).dims.length),
    ),
  GatherElements: (_, [x, indices], attributes) =>
    moves.gatherElements(
      intValue(x),
      intValue(indices),
      axisOf(int(attributes, 'axis', 0), given(x).dims.length),
    ),
  GatherND: (_, [x, indices]) => moves.gatherNd(intValue(x), intValue(indices)),
  Concat: (memory, inputs, attributes) => {
    const values = inputs.map(given);
    return moves.concat(memory, values, axisOf(int(attributes, 'axis', 0), values[0]!.dims.length));
  },
  Expand: (memory, [x, shape]) => moves.expand(memory, given(x), broadcast(given(x).dims, intsOf(shape))),
  Pad: (_, [x, pads, value]) => moves.pad(intValue(x), intsOf(pads), value ? intsOf(value)[0]! : 0),
  ConstantOfShape: (memory, [shape], attributes) => {
    const dims = intsOf(shape);
    if (attributes.int !== undefined)
      return { type: 'int', dims, data: new Int32Array(sizeOf(dims)).fill(int(attributes, 'int', 0)) };
    const result = memory.floats(dims);
    memory.view(result).fill(int(attributes, 'value', 0));
    return result;
  },
  Range: (_, inputs) => {
    const [start, limit, delta] = inputs.map((input) => intsOf(input)[0]!) as [number, number, number];
    if (!delta) throw new RangeError('a range in steps of 0');
    const data: number[] = [];
    for (let at = start; delta > 0 ? at < limit : at > limit; at += delta) data.push(at);
    return ints([data.length], data);
  },
  CumSum: (_, [x, axisInput]) => {
    const { dims, data } = intValue(x);
    requireLast(intsOf(axisInput)[0]!, given(x));
    const sums = Int32Array.from(data);
    const columns = dims.at(-1)!;
    for (let at = 0; at < sums.length; at++) if (at % columns) sums[at] = sums[at]! + sums[at - 1]!;
    return { type: 'int', dims, data: sums };
  },
};
