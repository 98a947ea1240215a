import {
  all,
  bytesField,
  decode,
  encode,
  type Field,
  numberField,
  numbers,
  textField,
  texts,
} from './wire.ts';

// Field numbers of onnx.proto.
const modelProto = { graph: 7, opsetImport: 8 };
const opsetProto = { domain: 1, version: 2 };
const graphProto = { node: 1, initializer: 5, input: 11, output: 12, valueInfo: 13 };
const nodeProto = { input: 1, output: 2, name: 3, type: 4, attribute: 5, domain: 7 };
const attributeProto = { name: 1, integer: 3, tensor: 5, graph: 6, integers: 8, type: 20, graphs: 11 };
const tensorProto = { dims: 1, type: 2, int32s: 5, int64s: 7, name: 8, raw: 9 };
const valueProto = { name: 1, type: 2 };
const typeProto = { tensor: 1 };
const tensorTypeProto = { shape: 2 };
const shapeProto = { dim: 1 };
const dimProto = { value: 1, param: 2 };

/** ONNX's numbers for the types of elements. */
export const elementType = { float: 1, int8: 3, int32: 6, int64: 7, bool: 9 };

/** A node, and the fields it was read from. */
export interface Node {
  fields: Field[];
  type: string;
  domain: string;
  inputs: string[];
  outputs: string[];
}

/** A named shape; what isn't said of a dimension is undefined. */
export interface ValueInfo {
  name: string;
  dims: (number | string | undefined)[] | undefined;
}

/** A model taken apart, as far as rewriting it needs. */
export interface Graph {
  nodes: Node[];
  /** Messages of the constant tensors, by name. */
  tensors: Map<string, Uint8Array>;
  inputs: ValueInfo[];
  outputs: ValueInfo[];
  /** What the model says of values in between. */
  declared: ValueInfo[];
}

/**
 * The model that a rewriter makes of this one's graph; the model itself if it can't be read, or not as far as the
 * rewriter wants to: ONNX Runtime says better what is wrong with it.
 */
export function rewritten(model: Uint8Array, rewrite: (graph: Graph) => Uint8Array): Uint8Array {
  try {
    return rewrite(readGraph(model));
  } catch (error) {
    if (error instanceof RangeError) return model;
    throw error;
  }
}

/** Reads a model's graph; throws a RangeError on bytes that are none. */
export function readGraph(model: Uint8Array): Graph {
  const fields = decode(all(decode(model), modelProto.graph)[0] ?? new Uint8Array());
  return {
    nodes: all(fields, graphProto.node).map(readNode),
    tensors: new Map(all(fields, graphProto.initializer).map((bytes) => [nameOf(bytes), bytes])),
    inputs: all(fields, graphProto.input).map(readValue),
    outputs: all(fields, graphProto.output).map(readValue),
    declared: all(fields, graphProto.valueInfo).map(readValue),
  };
}

/**
 * The model with other nodes, and with tensors added; nodes and tensors that nothing reads any more go. `microsoftOps` says that
 * nodes may be of ONNX Runtime's own operators.
 */
export function withNodes(
  model: Uint8Array,
  nodes: Field[][],
  added: Uint8Array[],
  { microsoftOps = false } = {},
): Uint8Array {
  const fields = decode(model);
  const graph = decode(all(fields, modelProto.graph)[0] ?? new Uint8Array());
  const read = new Set(all(graph, graphProto.output).map((output) => readValue(output).name));
  const live = nodes.toReversed().filter((node) => {
    if (!texts(node, nodeProto.output).some((output) => read.has(output))) return false;
    for (const input of texts(node, nodeProto.input)) read.add(input);
    return true;
  });
  // Older models name their constants among their inputs.
  for (const input of all(graph, graphProto.input)) read.add(readValue(input).name);
  const kept = graph.filter(
    ({ number, value }) =>
      number !== graphProto.node &&
      !(number === graphProto.initializer && typeof value !== 'number' && !read.has(nameOf(value))),
  );
  const newGraph = encode([
    ...live.toReversed().map((node) => bytesField(graphProto.node, encode(node))),
    ...kept,
    ...added.map((tensor) => bytesField(graphProto.initializer, tensor)),
  ]);
  const hasMicrosoftOps = all(fields, modelProto.opsetImport).some(
    (opset) => texts(decode(opset), opsetProto.domain)[0] === microsoft,
  );
  return encode([
    ...fields.map((field) =>
      field.number === modelProto.graph ? bytesField(modelProto.graph, newGraph) : field,
    ),
    ...(microsoftOps && !hasMicrosoftOps ? [bytesField(modelProto.opsetImport, microsoftOpset())] : []),
  ]);
}

/** The domain of ONNX Runtime's own operators. */
export const microsoft = 'com.microsoft';

const microsoftOpset = (): Uint8Array =>
  encode([textField(opsetProto.domain, microsoft), numberField(opsetProto.version, 1)]);

/** A node's fields; attributes are whole numbers. */
export function newNode(
  type: string,
  inputs: string[],
  output: string,
  attributes: Record<string, number> = {},
  domain = '',
): Field[] {
  return [
    ...inputs.map((input) => textField(nodeProto.input, input)),
    textField(nodeProto.output, output),
    textField(nodeProto.name, `${output}/${type}`),
    textField(nodeProto.type, type),
    ...Object.entries(attributes).map(([name, value]) =>
      bytesField(
        nodeProto.attribute,
        encode([
          textField(attributeProto.name, name),
          numberField(attributeProto.integer, value),
          numberField(attributeProto.type, 2),
        ]),
      ),
    ),
    ...(domain ? [textField(nodeProto.domain, domain)] : []),
  ];
}

/** A node like another between other values. */
export function rewired({ fields }: Node, inputs: string[], outputs: string[]): Field[] {
  const { input, output, name } = nodeProto;
  return [
    ...inputs.map((value) => textField(input, value)),
    ...outputs.map((value) => textField(output, value)),
    textField(name, outputs.join()),
    ...fields.filter(({ number }) => ![input, output, name].includes(number)),
  ];
}

/** A constant tensor's message. */
export function tensor(name: string, dims: number[], type: number, values: ArrayBufferView): Uint8Array {
  return encode([
    ...dims.map((dim) => numberField(tensorProto.dims, dim)),
    numberField(tensorProto.type, type),
    textField(tensorProto.name, name),
    bytesField(tensorProto.raw, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  ]);
}

/** A tensor's name. */
export const nameOf = (tensor: Uint8Array): string => texts(decode(tensor), tensorProto.name)[0] ?? '';

/** A tensor's dimensions. */
export const dimsOf = (tensor: Uint8Array): number[] => numbers(decode(tensor), tensorProto.dims);

/** A tensor's values if they are floats that lie in the model's own file. */
export function readFloats(bytes: Uint8Array): Float32Array | undefined {
  const fields = decode(bytes);
  const [raw] = all(fields, tensorProto.raw);
  const [type] = numbers(fields, tensorProto.type);
  return type === elementType.float && raw ? floatsOf(raw) : undefined;
}

/** A tensor's bytes as floats, copied to where they may lie: in the file they needn't be aligned. */
export const floatsOf = (raw: Uint8Array): Float32Array<ArrayBuffer> =>
  new Float32Array(Uint8Array.from(raw).buffer);

/** The operand of a node of two that isn't this one. */
export const otherInput = ({ inputs: [a = '', b = ''] }: Pick<Node, 'inputs'>, name: string): string =>
  a === name ? b : a;

/** A tensor's values if they are whole numbers. */
export function readIntegers(bytes: Uint8Array): number[] | undefined {
  const fields = decode(bytes);
  const [type] = numbers(fields, tensorProto.type);
  const [raw] = all(fields, tensorProto.raw);
  if (type === elementType.int64)
    return raw
      ? Array.from(new BigInt64Array(Uint8Array.from(raw).buffer), Number)
      : numbers(fields, tensorProto.int64s);
  if (type === elementType.int32)
    return raw
      ? Array.from(new Int32Array(Uint8Array.from(raw).buffer))
      : numbers(fields, tensorProto.int32s);
  return undefined;
}

/** A node's attribute of one whole number. */
export const integerOf = (node: Node, name: string): number | undefined =>
  numbers(attributeOf(node, name), attributeProto.integer)[0];

/** A node's attribute of whole numbers. */
export function integersOf(node: Node, name: string): number[] | undefined {
  const attribute = attributeOf(node, name);
  return attribute.length ? numbers(attribute, attributeProto.integers) : undefined;
}

/** A node's attribute that is a tensor. */
export const tensorOf = (node: Node, name: string): Uint8Array | undefined =>
  all(attributeOf(node, name), attributeProto.tensor)[0];

/** Whether a node runs graphs of its own, which may read any value around them. */
export const hasSubgraph = ({ fields }: Node): boolean =>
  all(fields, nodeProto.attribute)
    .flatMap(decode)
    .some(({ number }) => number === attributeProto.graph || number === attributeProto.graphs);

function attributeOf({ fields }: Node, name: string): Field[] {
  return (
    all(fields, nodeProto.attribute)
      .map(decode)
      .find((attribute) => texts(attribute, attributeProto.name)[0] === name) ?? []
  );
}

function readNode(bytes: Uint8Array): Node {
  const fields = decode(bytes);
  const [type = ''] = texts(fields, nodeProto.type);
  const [domain = ''] = texts(fields, nodeProto.domain);
  const inputs = texts(fields, nodeProto.input);
  return {
    ...{ fields, type, inputs, outputs: texts(fields, nodeProto.output) },
    domain: domain === 'ai.onnx' ? '' : domain,
  };
}

function readValue(bytes: Uint8Array): ValueInfo {
  const fields = decode(bytes);
  const [shape] = all(fields, valueProto.type)
    .flatMap((type) => all(decode(type), typeProto.tensor))
    .flatMap((type) => all(decode(type), tensorTypeProto.shape));
  const dims =
    shape &&
    all(decode(shape), shapeProto.dim)
      .map(decode)
      .map((dim) => numbers(dim, dimProto.value)[0] ?? texts(dim, dimProto.param)[0]);
  return { name: texts(fields, valueProto.name)[0] ?? '', dims };
}
