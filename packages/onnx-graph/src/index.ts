export { GradientError, OnnxFormatError, ShapeError } from './errors.ts';
export { multiply as multiplyDimensions } from './graph/dimension.ts';
export { gradients } from './graph/gradients.ts';
export { type Backward, Graph, type GraphOptions } from './graph/graph.ts';
export type { Value } from './graph/value.ts';
export {
  type Attribute,
  type DataType,
  type Dimension,
  dataTypes,
  type GraphDefinition,
  type Model,
  type Node,
  type Tensor,
  type ValueInfo,
} from './model.ts';
export { add, divide, erf, exp, multiply, negate, subtract, tanh } from './ops/arithmetic.ts';
export { gelu } from './ops/gelu.ts';
export { cast, gather, maximum, modulo, pad, shapeOf } from './ops/indices.ts';
export { layerNorm } from './ops/layer-norm.ts';
export { linear, matmul } from './ops/matmul.ts';
export { mean, type ReduceOptions, sum } from './ops/reduce.ts';
export { concatenate, reshape, split, transpose } from './ops/shape.ts';
export { crossEntropy, softmax } from './ops/softmax.ts';
export { decodeModel } from './proto/decode.ts';
export { encodeModel } from './proto/encode.ts';
