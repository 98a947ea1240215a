import {
  dimsOf,
  elementType,
  type Graph,
  integerOf,
  microsoft,
  type Node,
  newNode,
  otherInput,
  readFloats,
  rewritten,
  tensor,
  withNodes,
} from './graph.ts';
import type { Field } from './wire.ts';

/** Smaller weights don't pay for their scales. */
const leastSize = 4096;

interface Weights {
  rows: number;
  columns: number;
  values: Float32Array;
}

/**
 * A model with its large weights in 8 bits: a quarter of the size, and several times the speed where matrices are
 * large. Each matrix is multiplied by DynamicQuantizeMatMul with a scale for each column, each embedding table is
 * looked up with a scale for each row. Answers move a little: whoever ships them compares them first.
 */
export function quantize(model: Uint8Array): Uint8Array {
  return rewritten(model, (graph) => withSmallWeights(model, graph));
}

function withSmallWeights(model: Uint8Array, { nodes, tensors, outputs }: Graph): Uint8Array {
  const users = new Map<string, Node[]>();
  for (const node of nodes)
    for (const input of node.inputs) users.set(input, [...(users.get(input) ?? []), node]);
  for (const { name } of outputs) users.set(name, []);

  /** The sum with a bias that is all a product is used for: it is computed on the way. */
  function sumWithBias({ outputs: [product = ''] }: Node, columns: number): Node | undefined {
    const [sum, ...others] = users.get(product) ?? [];
    if (sum?.type !== 'Add' || others.length) return undefined;
    const bias = tensors.get(otherInput(sum, product));
    return bias && dimsOf(bias).join() === `${columns}` ? sum : undefined;
  }

  const sums = new Set<Node>();
  const added: Uint8Array[] = [];
  const replaced = nodes.flatMap((node): Field[][] => {
    const looksUp = node.type === 'Gather' && !integerOf(node, 'axis');
    const weightAt = node.type === 'MatMul' ? 1 : looksUp ? 0 : -1;
    const name = node.inputs[weightAt] ?? '';
    const bytes = tensors.get(name);
    const weights = bytes && users.get(name)?.length === 1 ? readWeights(bytes) : undefined;
    if (sums.has(node)) return [];
    if (!weights) return [node.fields];
    if (node.type === 'Gather') return lookUp(node, name, weights, added);
    const sum = sumWithBias(node, weights.columns);
    if (sum) sums.add(sum);
    return multiply(node, name, weights, added, sum);
  });
  if (!added.length) return model;

  return withNodes(model, replaced, added, { microsoftOps: true });
}

/** X · W (+ b), X quantised as it comes, W with a scale for each column. */
function multiply(
  node: Node,
  name: string,
  { rows, columns, values }: Weights,
  added: Uint8Array[],
  sum: Node | undefined,
): Field[][] {
  const scales = new Float32Array(columns);
  for (let i = 0; i < values.length; i++)
    scales[i % columns] = Math.max(scales[i % columns]!, Math.abs(values[i]!));
  for (let i = 0; i < columns; i++) scales[i] = scales[i]! / 127 || 1;
  const quantized = Int8Array.from(values, (value, i) => Math.round(value / scales[i % columns]!));
  added.push(tensor(`${name}.int8`, [rows, columns], elementType.int8, quantized));
  added.push(tensor(`${name}.scale`, [columns], elementType.float, scales));
  const [product = ''] = node.outputs;
  const inputs = [node.inputs[0]!, `${name}.int8`, `${name}.scale`];
  if (sum) inputs.push('', otherInput(sum, product));
  return [newNode('DynamicQuantizeMatMul', inputs, sum?.outputs[0] ?? product, {}, microsoft)];
}

/** W[ids]: the rows that are asked for become floats by a scale of their own, the table never does. */
function lookUp(
  node: Node,
  name: string,
  { rows, columns, values }: Weights,
  added: Uint8Array[],
): Field[][] {
  const scales = new Float32Array(rows);
  for (let i = 0; i < values.length; i++) {
    const row = Math.floor(i / columns);
    scales[row] = Math.max(scales[row]!, Math.abs(values[i]!));
  }
  for (let i = 0; i < rows; i++) scales[i] = scales[i]! / 127 || 1;
  const quantized = Int8Array.from(values, (value, i) =>
    Math.round(value / scales[Math.floor(i / columns)]!),
  );
  added.push(tensor(`${name}.int8`, [rows, columns], elementType.int8, quantized));
  added.push(tensor(`${name}.scale`, [rows, 1], elementType.float, scales));
  const ids = node.inputs[1]!;
  const output = node.outputs[0]!;
  const [small, wide, scale] = [`${output}.int8`, `${output}.float`, `${output}.scale`];
  return [
    newNode('Gather', [`${name}.int8`, ids], small),
    newNode('Cast', [small], wide, { to: elementType.float }),
    newNode('Gather', [`${name}.scale`, ids], scale),
    newNode('Mul', [wide, scale], output),
  ];
}

/** A matrix of floats that is large enough, or nothing. */
function readWeights(bytes: Uint8Array): Weights | undefined {
  const [rows = 0, columns = 0, ...more] = dimsOf(bytes);
  if (more.length || rows * columns < leastSize || columns < 16) return undefined;
  const values = readFloats(bytes);
  return values && { rows, columns, values };
}
