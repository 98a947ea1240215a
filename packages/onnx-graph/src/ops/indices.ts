import { broadcast } from '../graph/dimension.ts';
import type { Value } from '../graph/value.ts';
import { type DataType, type Dimension, dataTypes } from '../model.ts';

// Operations on whole numbers: they choose and count, so none has a gradient.

/** The sizes of x as an int64 of shape [rank]. */
export function shapeOf(x: Value): Value {
  const { graph } = x;
  const [sizes] = graph.untracked(() =>
    graph.emit('Shape', [x], [{ shape: [x.shape.length], dtype: 'int64' }]),
  );
  return sizes!;
}

/** x with elements of another type. */
export function cast(x: Value, dtype: DataType): Value {
  const [y] = x.graph.emit('Cast', [x], [{ shape: x.shape, dtype }], { to: { int: dataTypes[dtype].code } });
  return y!;
}

/** The remainder of a / b with the sign of b. */
export function modulo(a: Value, b: Value): Value {
  const [y] = a.graph.emit('Mod', [a, b], [{ shape: broadcast('Mod', a.shape, b.shape), dtype: a.dtype }]);
  return y!;
}

/** The larger of a and b, element by element. */
export function maximum(a: Value, b: Value): Value {
  const [y] = a.graph.emit('Max', [a, b], [{ shape: broadcast('Max', a.shape, b.shape), dtype: a.dtype }]);
  return y!;
}

/**
 * Adds zeros around x; a negative count cuts. `pads` is an int64 of shape [2·rank] (all befores, then all afters)
 * and `shape` what comes of it.
 */
export function pad(x: Value, pads: Value, shape: readonly Dimension[]): Value {
  const [y] = x.graph.emit('Pad', [x, pads], [{ shape, dtype: x.dtype }]);
  return y!;
}

/**
 * Rows of a table: [V, H] and ids of any shape → [...ids, H]. The table gets no gradient here, because a dense one
 * is almost all zeros: track the result, and its gradient says what to add to which row.
 */
export function gather(table: Value, ids: Value): Value {
  const shape = [...ids.shape, ...table.shape.slice(1)];
  const [rows] = table.graph.emit('Gather', [table, ids], [{ shape, dtype: table.dtype }], {
    axis: { int: 0 },
  });
  return rows!;
}
