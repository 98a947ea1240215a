import { type Dimension, Graph, gradients, multiply, sum, type Value } from '../src/index.ts';
import { openGraph } from './run.ts';

export interface Operand {
  /** Sizes at run time. */
  shape: number[];
  /** Sizes in the graph where they are named ones; those of `shape` otherwise. */
  named?: Dimension[];
  /** Keep values at least this far from 0 (for division). */
  away?: number;
}

/**
 * The largest |numeric - analytic| derivative of `build` over every element of every operand, where the loss is
 * its result times fixed random weights. float32: below about 2e-3 is right, a wrong formula is off by far more.
 */
export async function gradientError(
  build: (...operands: Value[]) => Value,
  operands: Operand[],
): Promise<number> {
  const graph = new Graph();
  const values = operands.map(({ shape, named }, index) =>
    graph.track(graph.input(`operand${index}`, named ?? shape)),
  );
  const result = build(...values);
  const weights = graph.input('weights', result.shape);
  const loss = sum(
    multiply(result, weights),
    result.shape.map((_, axis) => axis),
    { squeeze: true },
  );
  gradients(loss, values).forEach((gradient, index) => {
    graph.output(`gradient${index}`, gradient);
  });
  graph.output('loss', loss);
  graph.output('result', result);

  const run = await openGraph(graph);
  const random = uniform(7);
  const data = operands.map(({ shape, away = 0 }) =>
    Float32Array.from({ length: size(shape) }, () => {
      const number = random();
      return number + Math.sign(number) * away;
    }),
  );
  const feeds = Object.fromEntries(
    operands.map(({ shape }, index) => [`operand${index}`, { shape, data: data[index]! }]),
  );
  // The result's sizes are known only once it runs: weights of 1 broadcast to none of them, so ask first.
  const shape = resultShape(result.shape, operands);
  const weightFeed = { shape, data: Float32Array.from({ length: size(shape) }, random) };
  const lossOf = async () => (await run({ ...feeds, weights: weightFeed })).loss!.data[0]!;

  const analytic = await run({ ...feeds, weights: weightFeed });
  let worst = 0;
  const step = 2 ** -7;
  for (const [index, array] of data.entries())
    for (const [at, before] of array.entries()) {
      array[at] = before + step;
      const above = await lossOf();
      array[at] = before - step;
      const below = await lossOf();
      array[at] = before;
      const numeric = (above - below) / (2 * step);
      worst = Math.max(worst, Math.abs(numeric - analytic[`gradient${index}`]!.data[at]!));
    }
  return worst;
}

/** A fixed sequence of numbers in -1..1 (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

function resultShape(shape: readonly Dimension[], operands: Operand[]): number[] {
  const sizes = new Map<string, number>();
  for (const { shape: actual, named } of operands)
    named?.forEach((name, axis) => {
      if (typeof name === 'string') sizes.set(name, actual[axis]!);
    });
  return shape.map((dimension) =>
    String(dimension)
      .split('*')
      .reduce((product, factor) => product * (sizes.get(factor) ?? Number(factor)), 1),
  );
}

function size(shape: number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
