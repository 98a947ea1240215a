import type { Memory } from './memory.ts';
import {
  axisOf,
  broadcastSteps,
  type Floats,
  type Ints,
  ints,
  sizeOf,
  stepsOf,
  type Value,
} from './values.ts';

// What only moves values, whole numbers or not.

/** The same values in another shape; nothing is copied. */
export function reshape(value: Value, dims: number[]): Value {
  if (sizeOf(dims) !== sizeOf(value.dims)) throw new RangeError(`[${value.dims}] can't become [${dims}]`);
  if (value.type === 'float32' || value.type === 'int8') value.block.uses++;
  return { ...value, dims } as Value;
}

/** ONNX's Reshape: 0 keeps a dimension, unless it is allowed to mean none; -1 takes what is left. */
export function reshapeTo(value: Value, wanted: number[], allowZero: boolean): Value {
  const dims = wanted.map((dim, at) => (dim === 0 && !allowZero ? value.dims[at]! : dim));
  const open = dims.indexOf(-1);
  if (open >= 0) {
    dims[open] = 1;
    dims[open] = sizeOf(value.dims) / sizeOf(dims);
  }
  if (!dims.every((dim) => Number.isInteger(dim) && dim >= 0))
    throw new RangeError(`[${value.dims}] can't become [${wanted}]`);
  return reshape(value, dims);
}

/** An array of these dimensions whose elements lie `steps` apart in the value, beginning at `start`. */
export function pick(
  memory: Memory,
  value: Value,
  dims: number[],
  steps: number[],
  start = 0,
): Ints | Floats {
  if (value.type === 'int') {
    const data = new Int32Array(sizeOf(dims));
    const index = new Array<number>(dims.length).fill(0);
    for (let at = 0, from = start; at < data.length; at++) {
      data[at] = value.data[from]!;
      for (let d = dims.length - 1; d >= 0; d--) {
        from += steps[d]!;
        if (++index[d]! < dims[d]!) break;
        from -= steps[d]! * dims[d]!;
        index[d] = 0;
      }
    }
    return { type: 'int', dims, data };
  }
  if (dims.length > 4) throw new RangeError(`[${dims}] has more than four dimensions`);
  const result = memory.floats(dims);
  const missing = new Array<number>(4 - dims.length);
  memory.kernels.strided(
    memory.at(value) + start * 4,
    result.block.at,
    ...missing.fill(1),
    ...dims,
    ...missing.fill(0),
    ...steps.map((step) => step * 4),
  );
  return result;
}

export function transpose(memory: Memory, value: Value, order: number[]): Value {
  const steps = stepsOf(value.dims);
  return pick(
    memory,
    value,
    order.map((axis) => value.dims[axis]!),
    order.map((axis) => steps[axis]!),
  );
}

export const expand = (memory: Memory, value: Value, dims: number[]): Ints | Floats =>
  pick(memory, value, dims, broadcastSteps(value.dims, dims));

/** ONNX's Slice; axes and strides may be missing. */
export function slice(
  memory: Memory,
  value: Value,
  starts: number[],
  ends: number[],
  axes = starts.map((_, at) => at),
  strides = starts.map(() => 1),
): Value {
  const dims = [...value.dims];
  const steps = stepsOf(value.dims);
  let begin = 0;
  for (const [at, given] of axes.entries()) {
    const axis = axisOf(given, dims.length);
    const size = value.dims[axis]!;
    const stride = strides[at]!;
    if (!stride) throw new RangeError('a slice in steps of 0');
    const clamp = (index: number, least: number, most: number) =>
      Math.min(Math.max(index < 0 ? index + size : index, least), most);
    const start = stride > 0 ? clamp(starts[at]!, 0, size) : clamp(starts[at]!, 0, size - 1);
    const end = stride > 0 ? clamp(ends[at]!, 0, size) : clamp(ends[at]!, -1, size - 1);
    dims[axis] = Math.max(0, Math.ceil((end - start) / stride));
    begin += start * steps[axis]!;
    steps[axis] = steps[axis]! * stride;
  }
  // The first rows of a stored table are all that is read of it.
  if (
    value.type === 'stored' &&
    axes.length === 1 &&
    axisOf(axes[0]!, dims.length) === 0 &&
    strides[0] === 1
  ) {
    const first = begin / stepsOf(value.dims)[0]!;
    return memory.rows(
      value,
      Int32Array.from({ length: dims[0]! }, (_, at) => first + at),
      dims,
    );
  }
  return pick(memory, value, dims, steps, begin);
}

/** An index counted from the front; throws a RangeError on one that is outside. */
function placeOf(index: number, size: number): number {
  if (!(index >= -size && index < size)) throw new RangeError(`index ${index} of ${size}`);
  return index < 0 ? index + size : index;
}

/** ONNX's Gather: along an axis, the slices that the indices name. */
export function gather(memory: Memory, value: Value, indices: Ints, axis: number): Value {
  const size = value.dims[axis]!;
  const wanted = indices.data.map((index) => placeOf(index, size));
  const before = value.dims.slice(0, axis);
  const after = value.dims.slice(axis + 1);
  const dims = [...before, ...indices.dims, ...after];
  if (value.type === 'stored' && axis === 0 && !value.resident) return memory.rows(value, wanted, dims);
  const [outer, inner] = [sizeOf(before), sizeOf(after)];
  if (value.type === 'int') {
    const data = new Int32Array(outer * wanted.length * inner);
    for (let o = 0, to = 0; o < outer; o++)
      for (const index of wanted) {
        const from = (o * size + index) * inner;
        data.set(value.data.subarray(from, from + inner), to);
        to += inner;
      }
    return { type: 'int', dims, data };
  }
  const from = memory.at(value);
  const result = memory.floats(dims);
  for (let o = 0, to = result.block.at; o < outer; o++)
    for (const index of wanted) {
      memory.copy(from + (o * size + index) * inner * 4, to, inner * 4);
      to += inner * 4;
    }
  return result;
}

/** ONNX's GatherElements of whole numbers: each index picks along the axis, at its own place in the others. */
export function gatherElements({ dims, data }: Ints, indices: Ints, axis: number): Ints {
  const steps = stepsOf(dims);
  const ownSteps = stepsOf(indices.dims);
  const picked = indices.data.map((index, at) => {
    const places = ownSteps.map((step, d) => Math.floor(at / step) % indices.dims[d]!);
    places[axis] = placeOf(index, dims[axis]!);
    return data[places.reduce((sum, place, d) => sum + place * steps[d]!, 0)]!;
  });
  return { type: 'int', dims: indices.dims, data: picked };
}

/** ONNX's GatherND of whole numbers: each row of indices is the place of what it picks. */
export function gatherNd({ dims, data }: Ints, indices: Ints): Ints {
  const depth = indices.dims.at(-1)!;
  const [steps, inner] = [stepsOf(dims), sizeOf(dims.slice(depth))];
  const picked: number[] = [];
  for (let at = 0; at < indices.data.length; at += depth) {
    let from = 0;
    for (let d = 0; d < depth; d++) from += placeOf(indices.data[at + d]!, dims[d]!) * steps[d]!;
    picked.push(...data.subarray(from, from + inner));
  }
  return ints([...indices.dims.slice(0, -1), ...dims.slice(depth)], picked);
}

/** ONNX's Concat. */
export function concat(memory: Memory, values: Value[], axis: number): Value {
  const dims = [...values[0]!.dims];
  dims[axis] = values.reduce((sum, value) => sum + value.dims[axis]!, 0);
  const outer = sizeOf(dims.slice(0, axis));
  const runs = values.map((value) => sizeOf(value.dims.slice(axis)));
  const whole = runs.reduce((sum, run) => sum + run, 0);
  if (outer * whole !== sizeOf(dims) || values.some((value, at) => sizeOf(value.dims) !== outer * runs[at]!))
    throw new RangeError(`${values.map((value) => `[${value.dims}]`).join(' and ')} don't fit together`);
  if (values.every((value) => value.type === 'int')) {
    const data = new Int32Array(outer * whole);
    for (let o = 0, to = 0; o < outer; o++)
      for (const [at, { data: part }] of values.entries()) {
        data.set(part.subarray(o * runs[at]!, (o + 1) * runs[at]!), to);
        to += runs[at]!;
      }
    return { type: 'int', dims, data };
  }
  const addresses = values.map((value) => memory.at(value));
  const result = memory.floats(dims);
  for (let o = 0, to = result.block.at; o < outer; o++)
    for (const [at, run] of runs.entries()) {
      memory.copy(addresses[at]! + o * run * 4, to, run * 4);
      to += run * 4;
    }
  return result;
}

/** ONNX's Pad of whole numbers by a constant; negative pads cut off. */
export function pad({ dims, data }: Ints, pads: number[], constant: number): Ints {
  const rank = dims.length;
  const padded = dims.map((dim, at) => dim + pads[at]! + pads[at + rank]!);
  const steps = stepsOf(dims);
  const outerSteps = stepsOf(padded);
  const result = new Int32Array(sizeOf(padded));
  for (let at = 0; at < result.length; at++) {
    let from = 0;
    for (let d = 0; d < rank && from >= 0; d++) {
      const index = (Math.floor(at / outerSteps[d]!) % padded[d]!) - pads[d]!;
      from = index < 0 || index >= dims[d]! ? -1 : from + index * steps[d]!;
    }
    result[at] = from < 0 ? constant : data[from]!;
  }
  return { type: 'int', dims: padded, data: result };
}

/** The dimensions with ones put in at the axes, which count in the result. */
export function unsqueezed(dims: number[], axes: number[]): number[] {
  const rank = dims.length + axes.length;
  const ones = new Set(axes.map((axis) => axisOf(axis, rank)));
  let at = 0;
  return Array.from({ length: rank }, (_, axis) => (ones.has(axis) ? 1 : dims[at++]!));
}

/** The dimensions without the ones at the axes, or without any ones. */
export function squeezed(dims: number[], axes: number[] | undefined): number[] {
  const dropped = axes && new Set(axes.map((axis) => axisOf(axis, dims.length)));
  return dims.filter((dim, axis) => (dropped ? !dropped.has(axis) : dim !== 1));
}
