import { broadcast, sameShape } from '../graph/dimension.ts';
import type { Value } from '../graph/value.ts';
import { sum } from './reduce.ts';
import { reshape } from './shape.ts';

/** a + b, broadcasting. */
export function add(a: Value, b: Value): Value {
  return binary('Add', a, b, (gradient) => [() => unbroadcast(gradient, a), () => unbroadcast(gradient, b)]);
}

/** a - b, broadcasting. */
export function subtract(a: Value, b: Value): Value {
  return binary('Sub', a, b, (gradient) => [
    () => unbroadcast(gradient, a),
    () => unbroadcast(negate(gradient), b),
  ]);
}

/** a · b element by element, broadcasting. */
export function multiply(a: Value, b: Value): Value {
  return binary('Mul', a, b, (gradient) => [
    () => unbroadcast(multiply(gradient, b), a),
    () => unbroadcast(multiply(gradient, a), b),
  ]);
}

/** a / b element by element, broadcasting. */
export function divide(a: Value, b: Value): Value {
  return binary('Div', a, b, (gradient, quotient) => [
    () => unbroadcast(divide(gradient, b), a),
    () => unbroadcast(negate(divide(multiply(gradient, quotient), b)), b),
  ]);
}

/** -x */
export function negate(x: Value): Value {
  return unary('Neg', x, (gradient) => negate(gradient));
}

/** e^x */
export function exp(x: Value): Value {
  return unary('Exp', x, (gradient, y) => multiply(gradient, y));
}

/** tanh x */
export function tanh(x: Value): Value {
  return unary('Tanh', x, (gradient, y) => multiply(gradient, subtract(x.graph.scalar(1), multiply(y, y))));
}

/** The error function, 2/√π ∫₀ˣ exp(-t²) dt. */
export function erf(x: Value): Value {
  const slope = () => multiply(x.graph.scalar(2 / Math.sqrt(Math.PI)), exp(negate(multiply(x, x))));
  return unary('Erf', x, (gradient) => multiply(gradient, slope()));
}

/** Sums a gradient over the axes along which `value` was broadcast, back to its shape. */
function unbroadcast(gradient: Value, value: Value): Value {
  if (sameShape(gradient.shape, value.shape)) return gradient;
  const added = gradient.shape.length - value.shape.length;
  const stretched = gradient.shape.flatMap((size, axis) =>
    axis < added || (value.shape[axis - added] === 1 && size !== 1) ? [axis] : [],
  );
  return reshape(sum(gradient, stretched), value.shape);
}

function unary(operator: string, x: Value, backward: (gradient: Value, y: Value) => Value): Value {
  const [y] = x.graph.differentiable(
    [x],
    () => x.graph.emit(operator, [x], [{ shape: x.shape, dtype: x.dtype }]),
    ([gradient]) => [() => backward(gradient!, y!)],
  );
  return y!;
}

function binary(
  operator: string,
  a: Value,
  b: Value,
  backward: (gradient: Value, y: Value) => (() => Value)[],
): Value {
  const shape = broadcast(operator, a.shape, b.shape);
  const [y] = a.graph.differentiable(
    [a, b],
    () => a.graph.emit(operator, [a, b], [{ shape, dtype: a.dtype }]),
    ([gradient]) => backward(gradient!, y!),
  );
  return y!;
}
