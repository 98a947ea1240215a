import { OnnxFormatError } from '../errors.ts';
import {
  type Attribute,
  type DataType,
  type Dimension,
  dataTypes,
  type GraphDefinition,
  type Model,
  type Node,
  type Tensor,
  type ValueInfo,
} from '../model.ts';
import { asBytes, asFloats, asInteger, asIntegers, asString, readFields } from './reader.ts';

/**
 * Reads a .onnx file as encodeModel writes them; fields it doesn't know are skipped, as protobuf asks.
 * Throws OnnxFormatError for bytes that are no model and for what it can't represent
 * (subgraphs, values outside raw_data, rarer element types).
 */
export function decodeModel(bytes: Uint8Array): Model {
  const model: Omit<Model, 'graph'> = { irVersion: 0, producer: '', opsets: record(), metadata: record() };
  let graph: GraphDefinition | undefined;
  for (const field of readFields(bytes)) {
    if (field.number === 1) model.irVersion = asInteger(field);
    else if (field.number === 2) model.producer = asString(field);
    else if (field.number === 7) graph = decodeGraph(asBytes(field));
    else if (field.number === 8) {
      const { name, version } = decodeOpset(asBytes(field));
      model.opsets[name] = version;
    } else if (field.number === 14) {
      const [key, value] = decodeEntry(asBytes(field));
      model.metadata[key] = value;
    }
  }
  if (!graph) throw new OnnxFormatError('this is no ONNX model: it holds no graph');
  return { ...model, graph };
}

// Keys come from the file: without a prototype, `__proto__` is a key like any other.
function record<Item>(): Record<string, Item> {
  return Object.create(null);
}

function decodeOpset(bytes: Uint8Array): { name: string; version: number } {
  const opset = { name: '', version: 0 };
  for (const field of readFields(bytes)) {
    if (field.number === 1) opset.name = asString(field);
    else if (field.number === 2) opset.version = asInteger(field);
  }
  return opset;
}

function decodeEntry(bytes: Uint8Array): [key: string, value: string] {
  let key = '';
  let value = '';
  for (const field of readFields(bytes)) {
    if (field.number === 1) key = asString(field);
    else if (field.number === 2) value = asString(field);
  }
  return [key, value];
}

function decodeGraph(bytes: Uint8Array): GraphDefinition {
  const graph: GraphDefinition = { name: '', nodes: [], initializers: [], inputs: [], outputs: [] };
  for (const field of readFields(bytes)) {
    if (field.number === 1) graph.nodes.push(decodeNode(asBytes(field)));
    else if (field.number === 2) graph.name = asString(field);
    else if (field.number === 5) graph.initializers.push(decodeTensor(asBytes(field)));
    else if (field.number === 11) graph.inputs.push(decodeValueInfo(asBytes(field)));
    else if (field.number === 12) graph.outputs.push(decodeValueInfo(asBytes(field)));
  }
  return graph;
}

function decodeNode(bytes: Uint8Array): Node {
  const node: Node = { operator: '', domain: '', inputs: [], outputs: [], attributes: record() };
  for (const field of readFields(bytes)) {
    if (field.number === 1) node.inputs.push(asString(field));
    else if (field.number === 2) node.outputs.push(asString(field));
    else if (field.number === 4) node.operator = asString(field);
    else if (field.number === 5) {
      const { name, attribute } = decodeAttribute(asBytes(field));
      node.attributes[name] = attribute;
    } else if (field.number === 7) node.domain = asString(field);
  }
  return node;
}

function decodeAttribute(bytes: Uint8Array): { name: string; attribute: Attribute } {
  let name = '';
  let type = 0;
  let int = 0;
  let float = 0;
  let string = '';
  const ints: number[] = [];
  const floats: number[] = [];
  for (const field of readFields(bytes)) {
    if (field.number === 1) name = asString(field);
    else if (field.number === 2) float = asFloats(field)[0] ?? 0;
    else if (field.number === 3) int = asInteger(field);
    else if (field.number === 4) string = asString(field);
    else if (field.number === 7) floats.push(...asFloats(field));
    else if (field.number === 8) ints.push(...asIntegers(field));
    else if (field.number === 20) type = asInteger(field);
  }
  if (type === 1) return { name, attribute: { float } };
  if (type === 2) return { name, attribute: { int } };
  if (type === 3) return { name, attribute: { string } };
  if (type === 6) return { name, attribute: { floats } };
  if (type === 7) return { name, attribute: { ints } };
  throw new OnnxFormatError(`attribute ${name} has type ${type}, which is not read here`);
}

function decodeTensor(bytes: Uint8Array): Tensor {
  let name = '';
  let code = 0;
  let data = new Uint8Array();
  const shape: number[] = [];
  for (const field of readFields(bytes)) {
    if (field.number === 1) shape.push(...asIntegers(field));
    else if (field.number === 2) code = asInteger(field);
    else if (field.number === 8) name = asString(field);
    else if (field.number === 9) data = new Uint8Array(asBytes(field));
  }
  const dtype = dataType(code, name);
  const sizeBytes = shape.reduce((product, size) => product * size, dataTypes[dtype].sizeBytes);
  if (shape.some((size) => size < 0) || data.length !== sizeBytes)
    throw new OnnxFormatError(
      `tensor ${name}: ${dtype} [${shape}] in raw_data takes ${sizeBytes} bytes, not ${data.length}`,
    );
  return { name, dtype, shape, data };
}

function decodeValueInfo(bytes: Uint8Array): ValueInfo {
  const value = { name: '', code: 0, shape: [] as Dimension[] };
  for (const field of readFields(bytes)) {
    if (field.number === 1) value.name = asString(field);
    else if (field.number === 2)
      for (const type of readFields(asBytes(field)))
        if (type.number === 1)
          for (const part of readFields(asBytes(type))) {
            if (part.number === 1) value.code = asInteger(part);
            else if (part.number === 2) value.shape = decodeShape(asBytes(part));
          }
  }
  return { name: value.name, dtype: dataType(value.code, value.name), shape: value.shape };
}

function decodeShape(bytes: Uint8Array): Dimension[] {
  const shape: Dimension[] = [];
  for (const field of readFields(bytes)) {
    if (field.number !== 1) continue;
    let size: Dimension = '';
    for (const part of readFields(asBytes(field))) {
      if (part.number === 1) size = asInteger(part);
      else if (part.number === 2) size = asString(part);
    }
    shape.push(size);
  }
  return shape;
}

function dataType(code: number, name: string): DataType {
  for (const dtype in dataTypes) {
    const key = dtype as DataType;
    if (dataTypes[key].code === code) return key;
  }
  throw new OnnxFormatError(`${name} has element type ${code}, which is not read here`);
}
