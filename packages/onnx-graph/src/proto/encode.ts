import {
  type Attribute,
  dataTypes,
  type GraphDefinition,
  type Model,
  type Tensor,
  type ValueInfo,
} from '../model.ts';
import { ProtoWriter } from './writer.ts';

// Field and type numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3.

/** The bytes of a .onnx file; equal models give equal bytes. */
export function encodeModel(model: Model): Uint8Array {
  const writer = new ProtoWriter()
    .int(1, model.irVersion)
    .string(2, model.producer)
    .message(7, (inner) => writeGraph(inner, model.graph));
  for (const [domain, version] of Object.entries(model.opsets))
    writer.message(8, (inner) => inner.string(1, domain).int(2, version));
  for (const [key, value] of Object.entries(model.metadata))
    writer.message(14, (inner) => inner.string(1, key).string(2, value));
  return writer.finish();
}

function writeGraph(writer: ProtoWriter, graph: GraphDefinition): void {
  for (const node of graph.nodes)
    writer.message(1, (inner) => {
      for (const name of node.inputs) inner.string(1, name);
      for (const name of node.outputs) inner.string(2, name);
      inner.string(3, node.outputs[0] ?? '').string(4, node.operator);
      for (const [name, attribute] of Object.entries(node.attributes))
        inner.message(5, (attributeWriter) => writeAttribute(attributeWriter, name, attribute));
      if (node.domain) inner.string(7, node.domain);
    });
  writer.string(2, graph.name);
  for (const tensor of graph.initializers) writer.message(5, (inner) => writeTensor(inner, tensor));
  for (const input of graph.inputs) writer.message(11, (inner) => writeValueInfo(inner, input));
  for (const output of graph.outputs) writer.message(12, (inner) => writeValueInfo(inner, output));
}

function writeAttribute(writer: ProtoWriter, name: string, attribute: Attribute): void {
  writer.string(1, name);
  if ('float' in attribute) writer.float(2, attribute.float).int(20, 1);
  else if ('int' in attribute) writer.int(3, attribute.int).int(20, 2);
  else if ('string' in attribute) writer.string(4, attribute.string).int(20, 3);
  else if ('floats' in attribute) {
    for (const value of attribute.floats) writer.float(7, value);
    writer.int(20, 6);
  } else {
    for (const value of attribute.ints) writer.int(8, value);
    writer.int(20, 7);
  }
}

function writeTensor(writer: ProtoWriter, tensor: Tensor): void {
  for (const size of tensor.shape) writer.int(1, size);
  writer.int(2, dataTypes[tensor.dtype].code).string(8, tensor.name).bytes(9, tensor.data);
}

function writeValueInfo(writer: ProtoWriter, value: ValueInfo): void {
  writer.string(1, value.name).message(2, (type) =>
    type.message(1, (tensor) =>
      tensor.int(1, dataTypes[value.dtype].code).message(2, (shape) => {
        for (const size of value.shape)
          shape.message(1, (dimension) =>
            typeof size === 'number' ? dimension.int(1, size) : dimension.string(2, size),
          );
      }),
    ),
  );
}
