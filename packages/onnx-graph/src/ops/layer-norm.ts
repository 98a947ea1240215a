import { ShapeError } from '../errors.ts';
import { sameShape, show } from '../graph/dimension.ts';
import type { Value } from '../graph/value.ts';
import { multiply, subtract } from './arithmetic.ts';
import { mean, sum } from './reduce.ts';

/**
 * (x - mean) / √(variance + epsilon) · gain + offset over the last axis; gain and offset have its size.
 * The backward pass reuses the mean and deviation the operator hands out (https://arxiv.org/abs/1607.06450).
 */
export function layerNorm(x: Value, gain: Value, offset: Value, epsilon = 1e-12): Value {
  const { graph } = x;
  const last = x.shape.length - 1;
  const size = [x.shape[last]!];
  if (!sameShape(gain.shape, size) || !sameShape(offset.shape, size))
    throw new ShapeError(
      `layerNorm: gain ${show(gain.shape)} and offset ${show(offset.shape)} must be ${show(size)} for x ${show(x.shape)}`,
    );
  const statistics = { shape: x.shape.with(last, 1) };
  const tracked = [x, gain, offset].some((value) => graph.isTracked(value));
  const [y, center, inverseDeviation] = graph.untracked(() =>
    graph.emit(
      'LayerNormalization',
      [x, gain, offset],
      // Without a backward pass to feed, the plain form is the one every runtime reads.
      tracked ? [{ shape: x.shape }, statistics, statistics] : [{ shape: x.shape }],
      { axis: { int: -1 }, epsilon: { float: epsilon } },
    ),
  );
  graph.differentiable(
    [x, gain, offset],
    () => [y!],
    ([gradient]) => {
      const normal = multiply(subtract(x, center!), inverseDeviation!);
      const others = x.shape.slice(0, last).map((_, axis) => axis);
      return [
        () => {
          const slope = multiply(gradient!, gain);
          const along = multiply(normal, mean(multiply(slope, normal), [last]));
          return multiply(inverseDeviation!, subtract(subtract(slope, mean(slope, [last])), along));
        },
        () => sum(multiply(gradient!, normal), others, { squeeze: true }),
        () => sum(gradient!, others, { squeeze: true }),
      ];
    },
  );
  return y!;
}
