import type { Value } from '../graph/value.ts';
import type { Dimension } from '../model.ts';
import { multiply } from './arithmetic.ts';
import { cast, shapeOf } from './indices.ts';
import { reshape } from './shape.ts';

export interface ReduceOptions {
  /** Drop the summed axes instead of leaving them at size 1. */
  squeeze?: boolean;
}

/** The sum over `axes`. */
export function sum(x: Value, axes: readonly number[], options: ReduceOptions = {}): Value {
  const { graph } = x;
  const shape = reducedShape(x, axes, options);
  const [y] = graph.differentiable(
    [x],
    () =>
      graph.emit('ReduceSum', [x, graph.integers(axes)], [{ shape, dtype: x.dtype }], {
        keepdims: { int: options.squeeze ? 0 : 1 },
      }),
    ([gradient]) => [() => expandOver(gradient!, x, axes)],
  );
  return y!;
}

/** The mean over `axes`. */
export function mean(x: Value, axes: readonly number[], options: ReduceOptions = {}): Value {
  const { graph } = x;
  const shape = reducedShape(x, axes, options);
  const [y] = graph.differentiable(
    [x],
    () =>
      graph.emit('ReduceMean', [x], [{ shape, dtype: x.dtype }], {
        axes: { ints: [...axes] },
        keepdims: { int: options.squeeze ? 0 : 1 },
      }),
    ([gradient]) => [() => expandOver(multiply(gradient!, reciprocalCount(x, axes)), x, axes)],
  );
  return y!;
}

/** 1 / (how many elements lie along `axes`), as a float32 of shape []. */
export function reciprocalCount(x: Value, axes: readonly number[]): Value {
  const { graph } = x;
  const sizes = axes.map((axis) => x.shape[axis] ?? 1);
  if (sizes.every((size) => typeof size === 'number'))
    return graph.scalar(1 / sizes.reduce((product, size) => product * size, 1));
  const [counts] = graph.emit(
    'Gather',
    [shapeOf(x), graph.integers(axes)],
    [{ shape: [axes.length], dtype: 'int64' }],
  );
  const [count] = graph.emit('ReduceProd', [cast(counts!, 'float32')], [{ shape: [] }], {
    keepdims: { int: 0 },
  });
  const [reciprocal] = graph.emit('Reciprocal', [count], [{ shape: [] }]);
  return reciprocal!;
}

function reducedShape(x: Value, axes: readonly number[], options: ReduceOptions): Dimension[] {
  return options.squeeze
    ? x.shape.filter((_, axis) => !axes.includes(axis))
    : x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

function expandOver(gradient: Value, x: Value, axes: readonly number[]): Value {
  const { graph } = x;
  const kept = reshape(gradient, reducedShape(x, axes, {}));
  const [expanded] = graph.emit('Expand', [kept, shapeOf(x)], [{ shape: x.shape }]);
  return expanded!;
}
