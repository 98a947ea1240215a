import { ShapeError } from '../errors.ts';
import { multiply, sameShape, show } from '../graph/dimension.ts';
import type { Value } from '../graph/value.ts';
import type { Dimension } from '../model.ts';

/**
 * The same elements in another shape. Named sizes are found at run time: kept from the same axis, read from an
 * input that has them, and one may be left to follow from the rest.
 */
export function reshape(x: Value, shape: readonly Dimension[]): Value {
  const { graph } = x;
  if (sameShape(x.shape, shape)) return x;
  if (multiply(...x.shape) !== multiply(...shape))
    throw new ShapeError(
      `reshape of ${x.name}: ${show(x.shape)} and ${show(shape)} hold different numbers of elements`,
    );
  const [y] = graph.differentiable(
    [x],
    () => graph.emit('Reshape', [x, targetShape(x, shape)], [{ shape, dtype: x.dtype }]),
    ([gradient]) => [() => reshape(gradient!, x.shape)],
  );
  return y!;
}

/** Reorders the axes: axis i of the result is axis order[i] of x. */
export function transpose(x: Value, order: readonly number[]): Value {
  const { graph } = x;
  if (order.length !== x.shape.length || new Set(order).size !== order.length)
    throw new ShapeError(`transpose of ${x.name}: [${order}] is no order of the axes of ${show(x.shape)}`);
  const shape = order.map((axis) => x.shape[axis]!);
  const inverse = order.map((_, axis) => order.indexOf(axis));
  const [y] = graph.differentiable(
    [x],
    () => graph.emit('Transpose', [x], [{ shape, dtype: x.dtype }], { perm: { ints: [...order] } }),
    ([gradient]) => [() => transpose(gradient!, inverse)],
  );
  return y!;
}

/** Cuts x along `axis` into parts of the given sizes. */
export function split(x: Value, axis: number, sizes: readonly number[]): Value[] {
  const { graph } = x;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (x.shape[axis] !== total)
    throw new ShapeError(`split of ${x.name}: axis ${axis} of ${show(x.shape)} is not ${sizes.join(' + ')}`);
  const shapes = sizes.map((size) => ({ shape: x.shape.with(axis, size), dtype: x.dtype }));
  const parts = graph.differentiable(
    [x],
    () => graph.emit('Split', [x, graph.integers(sizes)], shapes, { axis: { int: axis } }),
    (gradients) => [
      () =>
        concatenate(
          gradients.map((gradient, part) => gradient ?? zerosLike(parts[part]!)),
          axis,
        ),
    ],
  );
  return parts;
}

/** Joins values along `axis`; their other sizes are equal. */
export function concatenate(values: readonly Value[], axis: number): Value {
  const first = values[0];
  if (!first) throw new ShapeError('concatenate: there is nothing to join');
  const { graph } = first;
  const sizes = values.map((value) => value.shape[axis]);
  const known = sizes.filter((size) => typeof size === 'number');
  if (
    known.length < sizes.length ||
    values.some((value) => !sameShape(value.shape.with(axis, 0), first.shape.with(axis, 0)))
  )
    throw new ShapeError(
      `concatenate: ${values.map((value) => show(value.shape)).join(' and ')} do not join along axis ${axis}`,
    );
  const shape = first.shape.with(
    axis,
    known.reduce((sum, size) => sum + size, 0),
  );
  const [y] = graph.differentiable(
    [...values],
    () => graph.emit('Concat', values, [{ shape, dtype: first.dtype }], { axis: { int: axis } }),
    ([gradient]) => {
      let parts: Value[] | undefined;
      return values.map((_, index) => () => {
        parts ??= split(gradient!, axis, known);
        return parts[index]!;
      });
    },
  );
  return y!;
}

function targetShape(x: Value, shape: readonly Dimension[]): Value {
  const { graph } = x;
  const unknown = shape.filter((size, axis) => typeof size === 'string' && x.shape[axis] !== size);
  // Prefer to leave a product such as '64*windows' to -1: no input has it as a dimension.
  const inferred = unknown.find((size) => String(size).includes('*')) ?? unknown[0];
  const entry = (size: Dimension, axis: number): number | Value => {
    if (typeof size === 'number') return size;
    if (x.shape[axis] === size) return 0;
    return size === inferred ? -1 : graph.dimension(size);
  };
  const entries = shape.map(entry);
  if (entries.every((size) => typeof size === 'number')) return graph.integers(entries);
  const parts = entries.map((size) => (typeof size === 'number' ? graph.integers([size]) : size));
  const [joined] = graph.emit('Concat', parts, [{ shape: [parts.length], dtype: 'int64' }], {
    axis: { int: 0 },
  });
  return joined!;
}

function zerosLike(x: Value): Value {
  const { graph } = x;
  const [zeros] = graph.emit('Mul', [x, graph.scalar(0)], [{ shape: x.shape }]);
  return zeros!;
}
