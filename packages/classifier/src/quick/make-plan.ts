import { NoPlan } from '../errors.ts';
import { fuse, type Node } from './fuse.ts';
import { externalPlaces, type Model, numberOf, readModel } from './model.ts';
import { alignment, type Plan, writePlan } from './plan.ts';
import { costOf, patience } from './session.ts';
import { type Stored, sizeBytesOf, sizeOf } from './values.ts';

/** Who can't ask a plan for a text of so many tokens does better without reading its weights. */
const shortText = 16;

/**
 * A plan's file for a model that ONNX Runtime has not optimised, int8 or not. Weights that `optimised` (the model it
 * made of this one) keeps in its external file are read from there, as file 1. Throws a NoPlan that says what stands
 * in the way, or that it wouldn't help.
 */
export function makePlan(bytes: Uint8Array, optimised: Uint8Array, external?: Uint8Array): Uint8Array {
  const model = readModel(bytes);
  const { inputs, output, tensors } = model;
  const nodes = fuse(model.nodes, output, (name) => numberOf(tensors.get(name)));
  const tokenCost = tokenCostOf(nodes, tensors);
  if (costOf({ tokenCost, nodes }, shortText) > patience)
    throw new NoPlan('a short text costs more than to start ONNX Runtime');
  const { weights, own } = placeWeights(nodes, tensors, external ? contents(optimised, external) : []);

  const numbering = new Map<string, number>();
  const slotOf = (name: string): number => {
    if (!name) return -1;
    if (!numbering.has(name)) numbering.set(name, numbering.size);
    return numbering.get(name)!;
  };
  const lastUse = new Map<string, number>();
  for (const [at, node] of nodes.entries())
    for (const name of [...node.inputs, node.output]) lastUse.set(name, at);
  const isKept = (name: string) => !name || name === output || tensors.has(name) || inputs.includes(name);

  const plan: Plan = {
    inputs: Object.fromEntries(inputs.map((name) => [name, slotOf(name)])),
    output: slotOf(output),
    tokenCost,
    weights: weights.map(({ name, ...weight }) => ({ value: slotOf(name), ...weight })),
    constants: [...tensors].flatMap(([name, tensor]) =>
      tensor.type === 'int' && lastUse.has(name)
        ? [{ value: slotOf(name), dims: tensor.dims, data: tensor.ints }]
        : [],
    ),
    nodes: nodes.map((node, at) => ({
      op: node.op,
      inputs: node.inputs.map(slotOf),
      output: slotOf(node.output),
      attributes: node.attributes,
      last: [...new Set([...node.inputs, node.output])]
        .filter((name) => lastUse.get(name) === at && !isKept(name))
        .map(slotOf),
    })),
  };
  return writePlan(plan, own);
}

type Weight = Omit<Stored, 'type'> & { name: string; isTable: boolean };

/** Says of each weight where it lies: in the external file, if that has its content, or in these bytes of its own. */
function placeWeights(
  nodes: Node[],
  tensors: Model['tensors'],
  external: ReturnType<typeof contents>,
): { weights: Weight[]; own: Uint8Array } {
  const parts: Uint8Array[] = [];
  let size = 0;
  const weights: Weight[] = [];
  for (const [name, tensor] of tensors) {
    const uses = nodes.filter(({ inputs }) => inputs.includes(name));
    if (!uses.length || tensor.type === 'int') continue;
    const { type: elements, dims, bytes } = tensor;
    if (bytes.length !== sizeBytesOf(elements, dims)) throw new NoPlan(`${name} has ${bytes.length} bytes`);
    const isTable = uses.every(({ op, inputs }) => (op === 'Gather' || op === 'Slice') && inputs[0] === name);
    const offset = external.find((content) => !Buffer.compare(content.bytes, bytes))?.offset;
    weights.push({
      name,
      elements,
      dims,
      isTable,
      file: offset === undefined ? 0 : 1,
      offset: offset ?? size,
    });
    if (offset !== undefined) continue;
    const padded = new Uint8Array(Math.ceil(bytes.length / alignment) * alignment);
    padded.set(bytes);
    parts.push(padded);
    size += padded.length;
  }
  return { weights, own: Buffer.concat(parts) };
}

/** What lies where in an external file. */
function contents(model: Uint8Array, external: Uint8Array): { offset: number; bytes: Uint8Array }[] {
  return externalPlaces(model).map(({ offset, sizeBytes }) => ({
    offset,
    bytes: external.subarray(offset, offset + sizeBytes),
  }));
}

function tokenCostOf(nodes: Node[], tensors: Model['tensors']): number {
  return nodes
    .filter(({ op }) => ['MatMul', 'Gemm', 'DynamicQuantizeMatMul'].includes(op))
    .reduce((sum, { inputs }) => sum + sizeOf(tensors.get(inputs[1]!)?.dims ?? [0]), 0);
}
