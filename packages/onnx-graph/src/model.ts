/** An ONNX model as plain data: what onnx.proto3 calls ModelProto, with the parts this package writes and reads. */
export interface Model {
  /** Version of the file format; 8 is what opset 17 goes with. */
  irVersion: number;
  producer: string;
  /** Operator set version by domain; '' is ai.onnx. */
  opsets: Record<string, number>;
  /** Free notes, such as the model's own version. */
  metadata: Record<string, string>;
  graph: GraphDefinition;
}

/** Nodes in the order they run, with the tensors that go in, come out and lie inside. */
export interface GraphDefinition {
  name: string;
  nodes: Node[];
  initializers: Tensor[];
  inputs: ValueInfo[];
  outputs: ValueInfo[];
}

/** One operator call; an input named '' is left out. */
export interface Node {
  operator: string;
  /** '' is ai.onnx. */
  domain: string;
  inputs: string[];
  outputs: string[];
  attributes: Record<string, Attribute>;
}

/** An operator's constant setting; ONNX keeps whole and real numbers apart, so this does too. */
export type Attribute =
  | { int: number }
  | { float: number }
  | { string: string }
  | { ints: number[] }
  | { floats: number[] };

/** Constant values; `data` holds the elements little-endian in row-major order. */
export interface Tensor {
  name: string;
  dtype: DataType;
  shape: number[];
  data: Uint8Array;
}

/** Name, element type and shape of a graph input or output. */
export interface ValueInfo {
  name: string;
  dtype: DataType;
  shape: Dimension[];
}

/** A size, or the name of one that is known only when the graph runs. */
export type Dimension = number | string;

export type DataType = 'float32' | 'uint8' | 'int8' | 'int32' | 'int64' | 'bool' | 'float64';

/** TensorProto.DataType's number and the element's size for each type. */
export const dataTypes: Record<DataType, { code: number; sizeBytes: number }> = {
  float32: { code: 1, sizeBytes: 4 },
  uint8: { code: 2, sizeBytes: 1 },
  int8: { code: 3, sizeBytes: 1 },
  int32: { code: 6, sizeBytes: 4 },
  int64: { code: 7, sizeBytes: 8 },
  bool: { code: 9, sizeBytes: 1 },
  float64: { code: 11, sizeBytes: 8 },
};
