import {
  dimsOf,
  elementType,
  type Graph,
  integerOf,
  microsoft,
  type Node,
  newNode,
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

function withSmallWeights(model: Uint8Array, { nodes, tensors }: Graph): Uint8Array {
  const uses = new Map<string, number>();
  for (const { inputs } of nodes) for (const input of inputs) uses.set(input, (uses.get(input) ?? 0) + 1);

  const added: Uint8Array[] = [];
  const replaced = nodes.flatMap((node): Field[][] => {
    const looksUp = node.type === 'Gather' && !integerOf(node, 'axis');
    const weightAt = node.type === 'MatMul' ? 1 : looksUp ? 0 : -1;
    const name = node.inputs[weightAt] ?? '';
    const bytes = tensors.get(name);
    const weights = bytes && uses.get(name) === 1 ? readWeights(bytes) : undefined;
    if (!weights) return [node.fields];
    return node.type === 'MatMul' ? multiply(node, name, weights, added) : lookUp(node, name, weights, added);
  });
  if (!added.length) return model;

  return withNodes(model, replaced, added, { microsoftOps: true });
}

/** X · W, the row of X quantised as it comes, W with a scale for each column. */
function multiply(
  node: Node,
  name: string,
  { rows, columns, values }: Weights,
  added: Uint8Array[],
): Field[][] {
  const scales = new Float32Array(columns);
  for (let i = 0; i < values.length; i++)
    scales[i % columns] = Math.max(scales[i % columns]!, Math.abs(values[i]!));
  for (let i = 0; i < columns; i++) scales[i] = scales[i]! / 127 || 1;
  const quantized = Int8Array.from(values, (value, i) => Math.round(value / scales[i % columns]!));
  added.push(tensor(`${name}.int8`, [rows, columns], elementType.int8, quantized));
  added.push(tensor(`${name}.scale`, [columns], elementType.float, scales));
  const inputs = [node.inputs[0]!, `${name}.int8`, `${name}.scale`];
  return [newNode('DynamicQuantizeMatMul', inputs, node.outputs[0]!, {}, microsoft)];
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
