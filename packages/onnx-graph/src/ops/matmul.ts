import { ShapeError } from '../errors.ts';
import { broadcast, sameShape, show } from '../graph/dimension.ts';
import type { Value } from '../graph/value.ts';
import { multiply } from './arithmetic.ts';
import { sum } from './reduce.ts';
import { transpose } from './shape.ts';

/** x·W + b for x [N, I], W [I, O] and b [O]. */
export function linear(x: Value, weight: Value, bias: Value): Value {
  const { graph } = x;
  const [rows, inner] = x.shape;
  const [weightInner, outer] = weight.shape;
  if (
    x.shape.length !== 2 ||
    weight.shape.length !== 2 ||
    inner !== weightInner ||
    !sameShape(bias.shape, [outer!])
  )
    throw new ShapeError(
      `linear: x ${show(x.shape)}, weight ${show(weight.shape)} and bias ${show(bias.shape)} do not fit [N, I], [I, O], [O]`,
    );
  const [y] = graph.differentiable(
    [x, weight, bias],
    () => graph.emit('Gemm', [x, weight, bias], [{ shape: [rows!, outer!] }]),
    ([gradient]) => [
      () => graph.emit('Gemm', [gradient, weight], [{ shape: x.shape }], { transB: { int: 1 } })[0]!,
      () => graph.emit('Gemm', [x, gradient], [{ shape: weight.shape }], { transA: { int: 1 } })[0]!,
      () => sum(gradient!, [0], { squeeze: true }),
    ],
  );
  return y!;
}

/** scale · a·b over the last two axes, or scale · a·bᵀ; leading axes are equal. */
export function matmul(a: Value, b: Value, options: { transposeB?: boolean; scale?: number } = {}): Value {
  const { transposeB = false, scale = 1 } = options;
  const [y] = a.graph.differentiable(
    [a, b],
    () => [product(a, b, false, transposeB, scale)],
    ([gradient]) => [
      () => product(gradient!, b, false, !transposeB, scale),
      () =>
        transposeB ? product(gradient!, a, true, false, scale) : product(a, gradient!, true, false, scale),
    ],
  );
  return y!;
}

function product(a: Value, b: Value, transposeA: boolean, transposeB: boolean, scale: number): Value {
  const { graph } = a;
  const left = transposeA ? swapLastAxes(a) : a;
  const right = transposeB ? swapLastAxes(b) : b;
  const leading = left.shape.slice(0, -2);
  if (!sameShape(leading, right.shape.slice(0, -2)) || left.shape.at(-1) !== right.shape.at(-2))
    throw new ShapeError(
      `matmul: ${show(left.shape)} and ${show(right.shape)} do not fit [..., I, K] and [..., K, O]`,
    );
  const shape = [
    ...broadcast('MatMul', leading, right.shape.slice(0, -2)),
    left.shape.at(-2)!,
    right.shape.at(-1)!,
  ];
  const [y] = graph.emit('MatMul', [left, right], [{ shape }]);
  return scale === 1 ? y! : multiply(y!, graph.scalar(scale));
}

function swapLastAxes(x: Value): Value {
  const rank = x.shape.length;
  const order = Array.from({ length: rank }, (_, axis) => axis);
  order.splice(rank - 2, 2, rank - 1, rank - 2);
  return transpose(x, order);
}
