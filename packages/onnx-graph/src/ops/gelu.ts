import type { Value } from '../graph/value.ts';
import { add, erf, exp, multiply, negate } from './arithmetic.ts';

/**
 * x · Φ(x), with the exact normal distribution function (https://arxiv.org/abs/1606.08415).
 * One step on the tape, because its derivative Φ(x) + x·φ(x) can reuse the forward erf.
 */
export function gelu(x: Value): Value {
  const { graph } = x;
  const half = graph.scalar(0.5);
  const [scaled, twicePhi, y] = graph.untracked(() => {
    const z = multiply(x, graph.scalar(Math.SQRT1_2));
    const onePlusErf = add(erf(z), graph.scalar(1));
    return [z, onePlusErf, multiply(multiply(x, half), onePlusErf)] as const;
  });
  graph.differentiable(
    [x],
    () => [y],
    ([gradient]) => [
      () => {
        const density = multiply(
          graph.scalar(1 / Math.sqrt(2 * Math.PI)),
          exp(negate(multiply(scaled, scaled))),
        );
        return multiply(gradient!, add(multiply(twicePhi, half), multiply(x, density)));
      },
    ],
  );
  return y;
}
