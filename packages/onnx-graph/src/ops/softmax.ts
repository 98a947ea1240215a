import { ShapeError } from '../errors.ts';
import { sameShape, show } from '../graph/dimension.ts';
import type { Value } from '../graph/value.ts';
import { exp, multiply, negate, subtract } from './arithmetic.ts';
import { mean, reciprocalCount, sum } from './reduce.ts';

/** exp(x) / Σ exp(x) over the last axis. */
export function softmax(x: Value): Value {
  const { graph } = x;
  const [y] = graph.differentiable(
    [x],
    () => graph.emit('Softmax', [x], [{ shape: x.shape }], { axis: { int: -1 } }),
    ([gradient]) => [
      () => {
        const weighted = multiply(gradient!, y!);
        return subtract(weighted, multiply(y!, sum(weighted, [x.shape.length - 1])));
      },
    ],
  );
  return y!;
}

/** Mean over the batch of -Σ target · log softmax(logits), for both of shape [batch, classes]; shape []. */
export function crossEntropy(logits: Value, target: Value): Value {
  const { graph } = logits;
  if (logits.shape.length !== 2 || !sameShape(logits.shape, target.shape))
    throw new ShapeError(
      `crossEntropy: logits ${show(logits.shape)} and target ${show(target.shape)} must be [batch, classes]`,
    );
  const [logProbabilities] = graph.untracked(() =>
    graph.emit('LogSoftmax', [logits], [{ shape: logits.shape }], { axis: { int: -1 } }),
  );
  const [loss] = graph.differentiable(
    [logits],
    () => [
      mean(negate(sum(multiply(logProbabilities!, target), [1], { squeeze: true })), [0], { squeeze: true }),
    ],
    ([gradient]) => [
      // softmax - target, for targets that sum to 1
      () =>
        multiply(multiply(subtract(exp(logProbabilities!), target), reciprocalCount(logits, [0])), gradient!),
    ],
  );
  return loss!;
}
