import type { Memory } from './memory.ts';
import { expand, transpose } from './moves.ts';
import { axisOf, broadcast, broadcastSteps, type Floats, type Ints, sizeOf, type Value } from './values.ts';

export type Binary = 'add' | 'sub' | 'mul' | 'div' | 'max' | 'min';
export type Unary = 'erf' | 'tanh' | 'exp' | 'sqrt' | 'negate' | 'relu' | 'sigmoid' | 'gelu';

export function unary(memory: Memory, name: Unary, value: Value): Floats {
  const result = memory.floats(value.dims);
  memory.kernels[name](memory.at(value), result.block.at, sizeOf(value.dims));
  return result;
}

/** a ∘ b with broadcasting: the last dimensions as far as both go on evenly are columns, the next ones rows. */
export function binary(memory: Memory, name: Binary, a: Value, b: Value): Floats {
  const dims = broadcast(a.dims, b.dims);
  const [aAt, bAt] = [memory.at(a), memory.at(b)];
  const result = memory.floats(dims);
  const total = sizeOf(dims);
  if (total === 0) return result;
  const steps = [broadcastSteps(a.dims, dims), broadcastSteps(b.dims, dims)] as const;
  const columns = evenly(dims, steps, dims.length);
  const rows = evenly(dims, steps, columns.first);
  const kernel = memory.kernels[name];
  let to = result.block.at;
  const each = (axis: number, aFrom: number, bFrom: number): void => {
    if (axis === rows.first) {
      const rest = [
        rows.count,
        columns.count,
        ...rows.steps.map((s) => s * 4),
        ...columns.steps.map((s) => s * 16),
      ];
      kernel(aFrom, bFrom, to, ...(rest as [number, number, number, number, number, number]));
      to += rows.count * columns.count * 4;
      return;
    }
    for (let at = 0; at < dims[axis]!; at++)
      each(axis + 1, aFrom + at * steps[0][axis]! * 4, bFrom + at * steps[1][axis]! * 4);
  };
  each(0, aAt, bAt);
  return result;
}

/** The dimensions before `end` that both operands walk through in one even step. */
function evenly(
  dims: number[],
  steps: readonly [number[], number[]],
  end: number,
): { first: number; count: number; steps: number[] } {
  let first = end;
  let count = 1;
  let step = [0, 0];
  while (first > 0) {
    const dim = dims[first - 1]!;
    const next = steps.map((of) => of[first - 1]!);
    if (dim !== 1) {
      if (count === 1) step = next;
      else if (next.some((size, at) => size !== step[at]! * count)) break;
      count *= dim;
    }
    first--;
  }
  return { first, count, steps: step };
}

/** [m, k] · [k, n] on the last two dimensions; those before them broadcast. */
export function matmul(memory: Memory, a: Value, b: Value): Floats {
  const [m, k] = a.dims.slice(-2) as [number, number];
  const [kb, n] = b.dims.slice(-2) as [number, number];
  if (a.dims.length < 2 || b.dims.length < 2 || k !== kb) throw new RangeError(`[${a.dims}] · [${b.dims}]`);
  const kernel = memory.kernels[n < 8 ? 'narrowGemm' : 'gemm'];
  const [aAt, bAt] = [memory.at(a), memory.at(b)];
  const outer = broadcast(a.dims.slice(0, -2), b.dims.slice(0, -2));
  const result = memory.floats([...outer, m, n]);
  if (sizeOf(result.dims) === 0) return result;
  if (sizeOf(b.dims.slice(0, -2)) === 1) {
    kernel(aAt, bAt, result.block.at, sizeOf(outer) * m, k, n);
    return result;
  }
  const [aSteps, bSteps] = [a, b].map(({ dims }) => broadcastSteps(dims.slice(0, -2), outer)) as [
    number[],
    number[],
  ];
  let to = result.block.at;
  const each = (axis: number, aMatrix: number, bMatrix: number): void => {
    if (axis === outer.length) {
      kernel(aAt + aMatrix * m * k * 4, bAt + bMatrix * k * n * 4, to, m, k, n);
      to += m * n * 4;
      return;
    }
    for (let at = 0; at < outer[axis]!; at++)
      each(axis + 1, aMatrix + at * aSteps[axis]!, bMatrix + at * bSteps[axis]!);
  };
  each(0, 0, 0);
  return result;
}

/** Microsoft's DynamicQuantizeMatMul: all of a to 8 bits with one scale, b in 8 bits with a scale for each column. */
export function quantizedMatmul(
  memory: Memory,
  a: Value,
  b: Value,
  scales: Value,
  bias: Value | undefined,
): Floats {
  const { kernels } = memory;
  const [k, n] = b.dims as [number, number];
  const count = sizeOf(a.dims);
  const isEach = [scales, bias ?? scales].every(({ dims }) => sizeOf(dims) === n);
  if (b.dims.length !== 2 || a.dims.at(-1) !== k || k % 4 || n < 8 || !isEach)
    throw new RangeError(`[${a.dims}] · [${b.dims}] in 8 bits`);
  const [aAt, bAt, scaleAt] = [memory.at(a), memory.at(b, 'int8'), memory.at(scales)];
  const biasAt = bias ? memory.at(bias) : 0;
  const range = memory.floats([8]);
  kernels.extremes(aAt, range.block.at, count);
  const lanes = memory.view(range);
  const [least, most] = [Math.min(...lanes), Math.max(...lanes)];
  memory.release(range);
  // As ONNX's DynamicQuantizeLinear has it, in 32 bits.
  const scale = most === least ? 1 : Math.fround(Math.fround(most - least) / 255);
  const zero = Math.min(255, Math.max(0, roundHalfEven(Math.fround(-least / scale))));
  const quantized = memory.allocate(count * 2);
  kernels.quantize(aAt, quantized.at, count, scale, zero);
  const result = memory.floats([...a.dims.slice(0, -1), n]);
  kernels.qgemm(quantized.at, bAt, result.block.at, count / k, k, n, scale, scaleAt, biasAt);
  memory.release({ type: 'int8', dims: [], block: quantized });
  return result;
}

function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}

/** Over the last dimension. */
export function softmax(memory: Memory, value: Value): Floats {
  const columns = value.dims.at(-1)!;
  const from = memory.at(value);
  const result = memory.floats(value.dims);
  memory.kernels.softmax(from, result.block.at, sizeOf(value.dims) / columns, columns);
  return result;
}

/** Over the last dimension. */
export function layerNorm(memory: Memory, value: Value, gain: Value, offset: Value, epsilon: number): Floats {
  const columns = value.dims.at(-1)!;
  if (columns % 4 || [gain, offset].some(({ dims }) => sizeOf(dims) !== columns))
    throw new RangeError(`a layer norm over ${columns} columns: four must divide them, each has its gain`);
  const [from, gainAt, offsetAt] = [memory.at(value), memory.at(gain), memory.at(offset)];
  const result = memory.floats(value.dims);
  memory.kernels.layerNorm(
    from,
    gainAt,
    offsetAt,
    result.block.at,
    sizeOf(value.dims) / columns,
    columns,
    epsilon,
  );
  return result;
}

/** The sum over some axes, times `factor`; `keep` leaves them in the shape as ones. */
export function sum(memory: Memory, value: Value, axes: number[], keep: boolean, factor: number): Floats {
  const { dims } = value;
  const over = axes.map((axis) => axisOf(axis, dims.length));
  const rest = dims.map((_, axis) => axis).filter((axis) => !over.includes(axis));
  const last = over.toSorted((a, b) => a - b).every((axis, at) => axis === rest.length + at);
  const columns = over.reduce((size, axis) => size * dims[axis]!, 1);
  const ordered = last ? value : transpose(memory, value, [...rest, ...over]);
  const from = memory.at(ordered);
  const kept = keep
    ? dims.map((dim, axis) => (over.includes(axis) ? 1 : dim))
    : rest.map((axis) => dims[axis]!);
  const sums = memory.floats(kept);
  memory.kernels.sumRows(from, sums.block.at, sizeOf(kept), columns);
  if (!last) memory.release(ordered);
  if (factor === 1) return sums;
  const by = constant(memory, factor);
  const scaled = binary(memory, 'mul', sums, by);
  memory.release(sums);
  memory.release(by);
  return scaled;
}

/** One number. */
export function constant(memory: Memory, value: number): Floats {
  const result = memory.floats([]);
  memory.view(result)[0] = value;
  return result;
}

/** x where the condition holds, y elsewhere. */
export function where(memory: Memory, condition: Ints, x: Value, y: Value): Floats {
  const dims = broadcast(broadcast(condition.dims, x.dims), y.dims);
  const [yes, no] = [expand(memory, x, dims), expand(memory, y, dims)] as [Floats, Floats];
  const { data } = expand(memory, condition, dims) as Ints;
  const [from, to] = [memory.view(no), memory.view(yes)];
  for (let at = 0; at < data.length; at++) if (!data[at]) to[at] = from[at]!;
  memory.release(no);
  return yes;
}

/** A value's floats, as long as nothing is allocated. */
export function numbersOf(memory: Memory, value: Value): Float32Array {
  memory.at(value);
  const resident = value.type === 'stored' ? value.resident : value;
  if (resident?.type !== 'float32') throw new TypeError(`floats are asked for, ${value.type} given`);
  return memory.view(resident);
}

/** Whole numbers, or 8-bit weights, as floats. */
export function toFloats(memory: Memory, value: Value): Value {
  if (value.type === 'float32') {
    value.block.uses++;
    return value;
  }
  if (value.type === 'int') {
    const result = memory.floats(value.dims);
    memory.view(result).set(value.data);
    return result;
  }
  if (value.type === 'stored' && value.elements === 'float32') return value;
  const from = memory.at(value, 'int8');
  const result = memory.floats(value.dims);
  memory.kernels.widen(from, result.block.at, sizeOf(value.dims));
  return result;
}
