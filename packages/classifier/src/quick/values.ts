import type { Block } from './memory.ts';

/** Whole numbers and truth values: ids, masks and shapes. They are few, and live in JavaScript. */
export interface Ints {
  type: 'int';
  dims: number[];
  data: Int32Array;
}

/** Numbers in the kernels' memory. */
export interface Floats {
  type: 'float32';
  dims: number[];
  block: Block;
}

/** 8-bit numbers in the kernels' memory. */
export interface Bytes {
  type: 'int8';
  dims: number[];
  block: Block;
}

/** Weights in a file, which are read when they are first used; of a table, only the rows that are. */
export interface Stored {
  type: 'stored';
  elements: 'float32' | 'int8';
  dims: number[];
  file: number;
  offset: number;
  resident?: Floats | Bytes;
}

export type Value = Ints | Floats | Bytes | Stored;

export const sizeOf = (dims: number[]): number => dims.reduce((size, dim) => size * dim, 1);

/** Bytes that a stored value takes. */
export const sizeBytesOf = (elements: Stored['elements'], dims: number[]): number =>
  sizeOf(dims) * (elements === 'int8' ? 1 : 4);

/** The steps in elements from one index to the next in each dimension, row-major. */
export function stepsOf(dims: number[]): number[] {
  const steps = new Array<number>(dims.length);
  let step = 1;
  for (let at = dims.length - 1; at >= 0; at--) {
    steps[at] = step;
    step *= dims[at]!;
  }
  return steps;
}

/** The dimensions that two shapes broadcast to; throws a RangeError if they don't. */
export function broadcast(a: number[], b: number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, at) => {
    const x = a[at - rank + a.length] ?? 1;
    const y = b[at - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new RangeError(`[${a}] and [${b}] don't broadcast`);
    return x === 1 ? y : x;
  });
}

/** The steps of a shape seen as the larger one it broadcasts to: 0 where it repeats itself. */
export function broadcastSteps(from: number[], to: number[]): number[] {
  const steps = stepsOf(from);
  const missing = to.length - from.length;
  return to.map((_, at) => (at < missing || from[at - missing] === 1 ? 0 : steps[at - missing]!));
}

/** An axis counted from the front. */
export const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** A value that must be whole numbers; throws a TypeError on any other. */
export function intValue(value: Value | undefined): Ints {
  if (value?.type !== 'int') throw new TypeError(`whole numbers are asked for, ${value?.type} given`);
  return value;
}

/** The numbers of a list that is known, such as a shape; throws a TypeError on one that isn't whole numbers. */
export const intsOf = (value: Value | undefined): number[] => [...intValue(value).data];

export const ints = (dims: number[], data: ArrayLike<number>): Ints => ({
  type: 'int',
  dims,
  data: Int32Array.from(data),
});
