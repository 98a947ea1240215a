import { NoPlan } from '../errors.ts';
import { knownInputs } from '../inputs.ts';
import {
  dimsOf,
  elementType,
  floatsOf,
  type Node as GraphNode,
  microsoft,
  readGraph,
  readIntegers,
} from '../onnx/graph.ts';
import { opsetOf } from '../onnx/opset.ts';
import { all, decode, type Field, numbers, texts } from '../onnx/wire.ts';
import type { Node } from './fuse.ts';
import { type Attributes, ops } from './ops.ts';
import { sizeOf } from './values.ts';

// Field numbers of onnx.proto.
const nodeProto = { attribute: 5 };
const attributeProto = { name: 1, float: 2, int: 3, string: 4, tensor: 5, ints: 8, type: 20 };
const tensorProto = { type: 2, int32s: 5, raw: 9, external: 13 };
const entryProto = { key: 1, value: 2 };
const attributeType = { float: 1, int: 2, string: 3, ints: 7 };

/** The attributes that an operator here heeds, and those that may only say what it does anyway. */
const heeded: Record<string, string> = {
  Cast: 'to saturate=1',
  Concat: 'axis',
  ConstantOfShape: 'value',
  CumSum: 'exclusive=0 reverse=0',
  Dropout: 'ratio seed',
  Flatten: 'axis',
  Gather: 'axis',
  GatherElements: 'axis',
  GatherND: 'batch_dims=0',
  Gelu: 'approximate=none',
  Gemm: 'transB transA=0 alpha=1 beta=1',
  HardSigmoid: 'alpha beta',
  LayerNormalization: 'axis epsilon stash_type=1',
  Mod: 'fmod=0',
  Pad: 'mode=constant',
  ReduceMean: 'axes keepdims noop_with_empty_axes=0',
  ReduceSum: 'axes keepdims noop_with_empty_axes=0',
  Reshape: 'allowzero',
  Shape: 'start end',
  Softmax: 'axis',
  Squeeze: 'axes',
  Transpose: 'perm',
  Unsqueeze: 'axes',
};
/** Of operators that may have more inputs than are heeded. */
const mostInputs: Record<string, number> = { Dropout: 2, Max: 2, Min: 2, Pad: 3 };
/** ONNX Runtime's own operators. */
const microsoftOps = ['DynamicQuantizeMatMul', 'Gelu'];

/** Longer lists of whole numbers are no shapes. */
const mostInts = 4096;

/** A constant: weights, or a short list of whole numbers. */
export type Tensor =
  | { type: 'float32' | 'int8'; dims: number[]; bytes: Uint8Array }
  | { type: 'int'; dims: number[]; ints: number[] };

/** A model as its plan needs it. */
export interface Model {
  inputs: string[];
  output: string;
  nodes: Node[];
  tensors: Map<string, Tensor>;
}

/** Reads a model; throws a NoPlan on what a quick start can't compute. */
export function readModel(bytes: Uint8Array): Model {
  const graph = readGraph(bytes);
  const tensors = new Map([...graph.tensors].map(([name, tensor]) => [name, readTensor(tensor)]));
  const inputs = graph.inputs.map(({ name }) => name).filter((name) => !tensors.has(name));
  for (const name of inputs) if (!Object.hasOwn(knownInputs, name)) throw new NoPlan(`it asks for ${name}`);
  const [output, ...more] = graph.outputs;
  if (!output || more.length) throw new NoPlan(`it has ${graph.outputs.length} outputs`);
  const opset = opsetOf(bytes);
  const used = new Set(graph.nodes.flatMap((node) => node.inputs));
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const [result = '', ...further] = node.outputs;
    if (node.type === 'Constant') {
      tensors.set(result, constantOf(node));
      continue;
    }
    const isOurs = node.domain === '' || (node.domain === microsoft && microsoftOps.includes(node.type));
    if (!Object.hasOwn(ops, node.type) || !isOurs) throw new NoPlan(`it uses ${node.type}`);
    if (node.inputs.length > (mostInputs[node.type] ?? node.inputs.length))
      throw new NoPlan(`it uses ${node.type} of ${node.inputs.length} inputs`);
    if (further.some((name) => used.has(name))) throw new NoPlan(`it uses several outputs of ${node.type}`);
    const read: Node = { op: node.type, inputs: node.inputs, output: result, attributes: attributesOf(node) };
    // Until opset 13 its shape was two-dimensional from this axis on.
    if (read.op === 'Softmax' && opset < 13) read.attributes.axis ??= 1;
    nodes.push(read.op === 'Gemm' ? plainGemm(read, tensors) : read);
  }
  return { inputs, output: output.name, nodes, tensors };
}

/** A tensor that is one number, but not in 8 bits. */
export function numberOf(tensor: Tensor | undefined): number | undefined {
  if (!tensor || sizeOf(tensor.dims) !== 1) return undefined;
  if (tensor.type === 'int') return tensor.ints[0];
  return tensor.type === 'float32' ? floatsOf(tensor.bytes)[0] : undefined;
}

/** Where in its external file a model keeps tensors. */
export function externalPlaces(model: Uint8Array): { offset: number; sizeBytes: number }[] {
  return [...readGraph(model).tensors.values()].flatMap((tensor) => {
    const entries = all(decode(tensor), tensorProto.external).map(decode);
    if (!entries.length) return [];
    const place = Object.fromEntries(
      entries.map((entry) => [texts(entry, entryProto.key)[0], texts(entry, entryProto.value)[0]]),
    );
    return [{ offset: Number(place.offset ?? 0), sizeBytes: Number(place.length) }];
  });
}

const attributesIn = ({ fields }: GraphNode) => all(fields, nodeProto.attribute).map(decode);

/** A tensor among them is one number that a shape is filled with: `value` if it is a float, else `int`. */
function attributesOf(node: GraphNode): Attributes {
  const attributes: Attributes = {};
  const known = heeded[node.type]?.split(' ') ?? [];
  for (const fields of attributesIn(node)) {
    const [name = ''] = texts(fields, attributeProto.name);
    const [tensor] = all(fields, attributeProto.tensor).map(readTensor);
    const value = tensor ? numberOf(tensor) : attributeValue(fields);
    if (known.includes(`${name}=${value}`)) continue;
    const isNumeric = Array.isArray(value) || (typeof value === 'number' && Number.isFinite(value));
    if (!known.includes(name) || !isNumeric) throw new NoPlan(`it uses ${node.type} with ${name} ${value}`);
    attributes[tensor?.type === 'int' ? 'int' : name] = value;
  }
  return attributes;
}

function attributeValue(fields: Field[]): number | number[] | string | undefined {
  switch (numbers(fields, attributeProto.type)[0]) {
    case attributeType.float:
      return floatsOf(all(fields, attributeProto.float)[0] ?? new Uint8Array(4))[0];
    case attributeType.int:
      return numbers(fields, attributeProto.int)[0] ?? 0;
    case attributeType.ints:
      return numbers(fields, attributeProto.ints);
    case attributeType.string:
      return texts(fields, attributeProto.string)[0];
  }
  return undefined;
}

function constantOf(node: GraphNode): Tensor {
  const [tensor] = attributesIn(node).flatMap((fields) => all(fields, attributeProto.tensor));
  if (!tensor) throw new NoPlan('it has a Constant without a tensor');
  return readTensor(tensor);
}

/** A Gemm is a product and a sum; where its matrix is given transposed, it is turned here, once. */
function plainGemm(node: Node, tensors: Map<string, Tensor>): Node {
  const [a, b, ...bias] = node.inputs as [string, string];
  const matrix = tensors.get(b);
  if (matrix?.type !== 'float32') throw new NoPlan('it has a Gemm of a matrix that is computed');
  if (!node.attributes.transB) return { ...node, attributes: {} };
  const [rows, columns] = matrix.dims as [number, number];
  const values = floatsOf(matrix.bytes);
  const turned = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      turned[column * rows + row] = values[row * columns + column]!;
  const name = `${b} turned`;
  tensors.set(name, { type: 'float32', dims: [columns, rows], bytes: new Uint8Array(turned.buffer) });
  return { ...node, inputs: [a, name, ...bias], attributes: {} };
}

function readTensor(message: Uint8Array): Tensor {
  const fields = decode(message);
  const [type] = numbers(fields, tensorProto.type);
  const [raw] = all(fields, tensorProto.raw);
  const dims = dimsOf(message);
  if (type === elementType.float && raw) return { type: 'float32', dims, bytes: raw };
  if (type === elementType.int8 && raw) return { type: 'int8', dims, bytes: raw };
  const flags = () =>
    type === elementType.bool ? [...(raw ?? numbers(fields, tensorProto.int32s))] : undefined;
  const found = readIntegers(message) ?? flags();
  if (!found) throw new NoPlan(`it has values of ONNX's element type ${type}`);
  if (found.length > mostInts) throw new NoPlan(`it has ${found.length} whole numbers in a list`);
  // An end of 2⁶³ - 1 means "to the end"; 2³¹ - 1 is as good.
  const ints = found.map((value) => Math.min(Math.max(value, -(2 ** 31)), 2 ** 31 - 1));
  return { type: 'int', dims, ints };
}
