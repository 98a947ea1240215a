/** Bytes that are not an ONNX model this package reads; the message names the place. */
export class OnnxFormatError extends Error {
  override name = 'OnnxFormatError';
}

/** Shapes that don't fit an operation; the message shows them. */
export class ShapeError extends Error {
  override name = 'ShapeError';
}

/** A derivative that was asked for and doesn't exist. */
export class GradientError extends Error {
  override name = 'GradientError';
}
