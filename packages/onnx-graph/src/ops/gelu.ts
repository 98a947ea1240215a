import type { Value } from '../graph/value.ts';
import { add, divide, erf, exp, multiply, subtract } from './arithmetic.ts';

/**
 * x · Φ(x), with the exact normal distribution function (https://arxiv.org/abs/1606.08415).
 * One step on the tape, because its derivative Φ(x) + x·φ(x) can reuse the forward Φ.
 */
export function gelu(x: Value): Value {
  const { graph } = x;
  const z = graph.untracked(() => divide(x, graph.scalar(Math.SQRT2)));
  // Nothing to keep for a backward pass: the form that runtimes recognise and run as one operation.
  if (!graph.isTracked(x)) return multiply(multiply(x, add(erf(z), graph.scalar(1))), graph.scalar(0.5));

  const phi = graph.untracked(() => halfPlusHalf(erf(z)));
  const [y] = graph.differentiable(
    [x],
    () => [multiply(x, phi)],
    ([gradient]) => [
      () => {
        const density = exp(subtract(graph.scalar(-0.5 * Math.log(2 * Math.PI)), multiply(z, z)));
        return multiply(gradient!, add(phi, multiply(x, density)));
      },
    ],
  );
  return y!;
}

/** (1 + x) / 2 for x from -1 to 1, in one pass over memory. */
function halfPlusHalf(x: Value): Value {
  const half = { alpha: { float: 0.5 }, beta: { float: 0.5 } };
  const [y] = x.graph.emit('HardSigmoid', [x], [{ shape: x.shape }], half);
  return y!;
}
