import { GradientError } from '../errors.ts';
import { add } from '../ops/arithmetic.ts';
import { show } from './dimension.ts';
import type { Value } from './value.ts';

/**
 * Emits d loss / d value for each of `values` into the same graph, walking the tape backwards.
 * `loss` has shape []. Throws GradientError when it doesn't depend on a value, or the value isn't tracked.
 */
export function gradients(loss: Value, values: readonly Value[]): Value[] {
  const { graph } = loss;
  if (loss.shape.length > 0)
    throw new GradientError(`the loss has shape ${show(loss.shape)}: reduce it to one number first`);
  return graph.untracked(() => {
    const found = new Map<Value, Value>([[loss, graph.scalar(1)]]);
    for (const { inputs, outputs, backward } of graph.tape.toReversed()) {
      const arriving = outputs.map((output) => found.get(output));
      if (arriving.every((gradient) => gradient === undefined)) continue;
      const emitters = backward(arriving);
      inputs.forEach((input, index) => {
        const emit = emitters[index];
        if (!emit || !graph.isTracked(input)) return;
        const gradient = emit();
        const before = found.get(input);
        found.set(input, before ? add(before, gradient) : gradient);
      });
    }
    return values.map((value) => {
      const gradient = found.get(value);
      if (!gradient)
        throw new GradientError(
          graph.isTracked(value)
            ? `the loss does not depend on ${value.name}`
            : `${value.name} is not tracked: call graph.track before it is used`,
        );
      return gradient;
    });
  });
}
