import { axisOf } from './extents.ts';
import {
  elementType,
  type Graph,
  hasSubgraph,
  integerOf,
  type Node,
  newNode,
  rewired,
  rewritten,
  tensor,
  withNodes,
} from './graph.ts';
import { opsetOf } from './opset.ts';
import { positionWise, type Recipe } from './position-wise.ts';
import { inferShapes, type Known } from './shapes.ts';
import type { Field } from './wire.ts';

/** Slice takes its bounds as inputs from here on. */
const firstOpset = 10;

/** The first position of a value on an axis: computed from first positions by its recipe, else cut from the whole. */
interface Cut {
  of: string;
  axis: number;
  name: string;
  recipe: Recipe | undefined;
}

/**
 * A model that computes, of its last layer, only what is read: a BERT's classifier looks at the first token alone, so
 * that of all others only keys and values are needed. Answers stay the same but for the rounding of sums taken in
 * another order. A model that reads more (a mean over the tokens, say), or can't be seen through, comes back as it is.
 */
export function prune(model: Uint8Array): Uint8Array {
  return rewritten(model, (graph) => pruned(model, graph));
}

function pruned(model: Uint8Array, graph: Graph): Uint8Array {
  const { nodes } = graph;
  if (opsetOf(model) < firstOpset || nodes.some(hasSubgraph)) return model;
  const known = inferShapes(graph);
  const readers = new Map<Node, number>();
  for (const node of nodes) {
    const axis = axisOfFirst(node, known);
    if (axis !== undefined) readers.set(node, axis);
  }
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const outputs = graph.outputs.map(({ name }) => name);

  // What is needed whole anyway is cut, not computed again. Cuts need values whole in turn: until no more come.
  let whole = ancestorsOf(outputs);
  for (;;) {
    const cuts = cutFor(whole);
    const more = ancestorsOf([...whole, ...[...cuts.values()].flatMap(wholeInputs)]);
    if (more.size === whole.size)
      return [...cuts.values()].some(({ recipe }) => recipe) ? rewrite(cuts) : model;
    whole = more;
  }

  /** The values that these are computed from, all positions of them. */
  function ancestorsOf(names: string[]): Set<string> {
    const found = new Set(names);
    for (const name of found) {
      const node = producers.get(name);
      if (node && !isSize(node))
        for (const input of readers.has(node) ? node.inputs.slice(1) : node.inputs) found.add(input);
    }
    return found;
  }

  /** A size that Shape is only asked for because an exporter didn't know it. */
  function isSize({ type, inputs: [data = ''], outputs: [output = ''] }: Node): boolean {
    if (!['Gather', 'Slice'].includes(type) || producers.get(data)?.type !== 'Shape') return false;
    return known.get(output)?.elements?.every((element) => typeof element === 'number') ?? false;
  }

  function cutFor(whole: Set<string>): Map<string, Cut> {
    const cuts = new Map<string, Cut>();
    const cut = (of: string, axis: number): void => {
      const name = `${of}/first.${axis}`;
      if (cuts.has(name)) return;
      const producer = whole.has(of) ? undefined : producers.get(of);
      const recipe = producer && positionWise(producer, axis, known);
      cuts.set(name, { of, axis, name, recipe });
      for (const [i, at] of recipe?.axes.entries() ?? []) if (at !== undefined) cut(producer!.inputs[i]!, at);
    };
    for (const [{ inputs }, axis] of readers) cut(inputs[0]!, axis);
    return cuts;
  }

  function wholeInputs({ of, recipe }: Cut): string[] {
    if (!recipe) return [of];
    return recipe.shape ? [] : producers.get(of)!.inputs.filter((_, i) => recipe.axes[i] === undefined);
  }

  function rewrite(cuts: Map<string, Cut>): Uint8Array {
    const constants = new Map<string, Uint8Array>();
    const integers = (name: string, values: number[], dims = [values.length]): string => {
      constants.set(name, tensor(name, dims, elementType.int64, BigInt64Array.from(values, BigInt)));
      return name;
    };
    const write = ({ of, axis, name, recipe }: Cut): Field[] => {
      if (!recipe) {
        const bounds = [
          integers('/first.start', [0]),
          integers('/first.end', [1]),
          integers(`/first.${axis}`, [axis]),
        ];
        return newNode('Slice', [of, ...bounds], name);
      }
      const node = producers.get(of)!;
      const inputs = node.inputs.map((input, i) =>
        recipe.axes[i] === undefined ? input : `${input}/first.${recipe.axes[i]}`,
      );
      if (!recipe.shape) return rewired(node, inputs, [name]);
      return newNode('Reshape', [inputs[0]!, integers(`${name}.shape`, recipe.shape)], name);
    };
    const cutsOf = Map.groupBy(cuts.values(), ({ of }) => of);
    const written = [...cutsOf.keys()]
      .filter((of) => !producers.has(of))
      .flatMap((of) => cutsOf.get(of)!.map(write));
    for (const node of nodes) {
      if (isSize(node)) {
        const { shape, elements } = known.get(node.outputs[0]!)!;
        integers(node.outputs[0]!, elements!.map(Number), shape!.map(Number));
        continue;
      }
      const axis = readers.get(node);
      const [data, ...rest] = node.inputs;
      written.push(
        axis === undefined ? node.fields : rewired(node, [`${data}/first.${axis}`, ...rest], node.outputs),
      );
      for (const output of node.outputs) written.push(...(cutsOf.get(output) ?? []).map(write));
    }
    return withNodes(model, written, [...constants.values()]);
  }
}

/** The axis, but not the batch's, that a Gather or Slice takes the first position of. */
function axisOfFirst(node: Node, known: Map<string, Known>): number | undefined {
  const [shape, ...elements] = node.inputs.map((input, i) =>
    i ? known.get(input)?.elements : known.get(input)?.shape,
  );
  if (!shape || node.domain) return undefined;
  const [from, to, axes, steps] = elements;
  const takes =
    node.type === 'Gather'
      ? from?.length === 1 && from[0] === 0 && [integerOf(node, 'axis') ?? 0]
      : node.type === 'Slice' &&
        from?.length === 1 &&
        from[0] === 0 &&
        to?.[0] === 1 &&
        (steps?.[0] ?? 1) === 1 &&
        axes;
  if (!takes) return undefined;
  const axis = axisOf(Number(takes[0]), shape);
  return axis > 0 && shape[axis] !== 1 ? axis : undefined;
}
