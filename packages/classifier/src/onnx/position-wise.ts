import { axisOf, type Extent, product } from './extents.ts';
import { integerOf, integersOf, type Node } from './graph.ts';
import { axesOf, binary, type Known, layerNorms, operator, reductions, unary } from './shapes.ts';

/** What a node needs to compute the first position of its output on some axis, and nothing else. */
export interface Recipe {
  /** The axis of each input that only the first position is needed of; undefined where all of it is. */
  axes: (number | undefined)[];
  /** The shape to ask for in place of the one it is given, of a Reshape. */
  shape?: number[];
}

/**
 * How a node computes the first position on an axis of its output from the first positions of its inputs; undefined
 * where it doesn't, or where that can't be told from what is known of the shapes.
 */
export function positionWise(node: Node, axis: number, known: Map<string, Known>): Recipe | undefined {
  const output = known.get(node.outputs[0]!)?.shape;
  const shapes = node.inputs.map((input) => known.get(input)?.shape);
  const type = operator(node);
  if (!output || node.outputs.slice(1).some((name) => name !== '')) return undefined;

  if (unary.includes(type) || binary.includes(type)) {
    if (!shapes.every((shape) => shape !== undefined)) return undefined;
    // What is broadcast has one position, or no such axis: the first of it serves either way.
    const axes = shapes.map((shape) => axis - output.length + shape.length);
    return { axes: axes.map((at, i) => (at < 0 || shapes[i]![at] === 1 ? undefined : at)) };
  }
  const [first, second] = shapes;
  if (!first) return undefined;
  const onlyFirst = { axes: node.inputs.map((_, i) => (i ? undefined : axis)) };

  if (layerNorms.includes(type)) {
    const from = axisOf(integerOf(node, 'axis') ?? -1, output);
    const isSkip = type !== 'LayerNormalization';
    const parameters = shapes.slice(isSkip ? 2 : 1);
    if (axis >= from || parameters.some((shape) => !shape || shape.length > output.length - from))
      return undefined;
    if (!isSkip) return onlyFirst;
    return second?.length === first.length
      ? { axes: node.inputs.map((_, i) => (i < 2 ? axis : undefined)) }
      : undefined;
  }
  // Up to opset 12 it is over all axes from this one on.
  if (type === 'Softmax') return axis < axisOf(integerOf(node, 'axis') ?? 1, output) ? onlyFirst : undefined;
  if (reductions.includes(type)) {
    const axes = axesOf(node, known.get(node.inputs[1] ?? ''))?.map((at) => axisOf(at, first));
    const keeps = integerOf(node, 'keepdims') ?? 1;
    return axes?.length && !axes.includes(axis) && keeps ? onlyFirst : undefined;
  }
  if (type === 'Slice') {
    const axes = known.get(node.inputs[3] ?? '')?.elements;
    return axes?.every((at) => axisOf(Number(at), first) !== axis) ? onlyFirst : undefined;
  }
  if (type === 'Transpose') {
    const perm = integersOf(node, 'perm') ?? first.map((_, i) => first.length - 1 - i);
    return { axes: [perm[axis]] };
  }
  if (type === 'MatMul')
    return axis === output.length - 2 && first.length > 1 && second && second.length > 1
      ? { axes: [first.length - 2, undefined] }
      : undefined;
  return type === 'Reshape' ? reshape(first, output, axis) : undefined;
}

/** A Reshape keeps an axis if as many elements lie before it, and it is as long, in what goes in and what comes out. */
function reshape(input: Extent[], output: Extent[], axis: number): Recipe | undefined {
  const before = product(output.slice(0, axis));
  const from = input.findIndex(
    (extent, i) => extent === output[axis] && isSame(product(input.slice(0, i)), before),
  );
  if (from < 0) return undefined;
  const shape = output.map((extent, i) => {
    if (i === axis) return 1;
    return typeof extent === 'number' ? extent : i !== from && extent === input[i] ? 0 : -1;
  });
  return shape.filter((extent) => extent === -1).length > 1 ? undefined : { axes: [from, undefined], shape };
}

const isSame = (a: ReturnType<typeof product>, b: ReturnType<typeof product>): boolean =>
  a.number === b.number && a.names.join('\n') === b.names.join('\n');
