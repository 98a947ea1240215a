import { describe, expect, it } from 'vitest';
import { openGraph } from '../../test/run.ts';
import * as onnx from '../index.ts';
import { GradientError, Graph, gradients, ShapeError } from '../index.ts';

describe('Graph', () => {
  it('runs on ONNX Runtime with sizes that change from run to run', async () => {
    const graph = new Graph();
    const x = graph.input('x', ['batch', 'sequence', 2]);
    graph.output('y', onnx.mean(onnx.reshape(x, ['batch', '2*sequence']), [1], { squeeze: true }));
    const run = await openGraph(graph);
    const short = await run({ x: { shape: [2, 1, 2], data: Float32Array.of(1, 3, 5, 7) } });
    expect(short.y).toEqual({ dims: [2], data: [2, 6] });
    const long = await run({ x: { shape: [1, 3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) } });
    expect(long.y).toEqual({ dims: [1], data: [3.5] });
  });

  it('cuts, pads and looks up rows', async () => {
    const graph = new Graph();
    const ids = graph.input('ids', ['batch', 'sequence'], 'int64');
    const table = graph.initializer('table', [3, 1], Float32Array.of(10, 20, 30));
    // the ids one place to the right, a 0 first
    const before = onnx.pad(ids, graph.integers([0, 1, 0, -1]), ids.shape);
    graph.output('rows', onnx.gather(table, before));
    graph.output('left', onnx.modulo(onnx.negate(graph.dimension('sequence')), graph.integer(4)));
    const run = await openGraph(graph);
    const { rows, left } = await run({ ids: { shape: [1, 3], data: BigInt64Array.of(1n, 2n, 0n) } });
    expect(rows).toEqual({ dims: [1, 3, 1], data: [10, 20, 30] });
    expect(left!.data).toEqual([1]);
  });

  it('keeps one copy of equal constants', () => {
    const graph = new Graph();
    expect(graph.scalar(2)).toBe(graph.scalar(2));
    expect(graph.toModel().graph.initializers).toHaveLength(1);
  });

  it('emits only the gradients that are asked for', () => {
    const graph = new Graph();
    const x = graph.input('x', [2]);
    const y = graph.track(graph.input('y', [2]));
    const loss = onnx.sum(onnx.multiply(x, y), [0], { squeeze: true });
    const before = graph.toModel().graph.nodes.length;
    gradients(loss, [y]);
    const operators = graph
      .toModel()
      .graph.nodes.slice(before)
      .map((node) => node.operator);
    expect(operators.filter((operator) => operator === 'Mul')).toHaveLength(1);
  });
});

describe('mistakes are named', () => {
  const graph = new Graph();
  const x = graph.track(graph.input('x', ['batch', 4]));
  const matrix = graph.input('matrix', [3, 2]);
  const vector = graph.input('vector', [2]);
  const ids = graph.input('ids', ['batch'], 'int64');

  it.each<[name: string, build: () => unknown, error: new (message: string) => Error, message: string]>([
    [
      'broadcast',
      () => onnx.add(x, vector),
      ShapeError,
      'Add: [batch, 4] and [2] do not broadcast (4 against 2)',
    ],
    [
      'linear',
      () => onnx.linear(x, matrix, vector),
      ShapeError,
      'linear: x [batch, 4], weight [3, 2] and bias [2]',
    ],
    ['matmul', () => onnx.matmul(x, matrix), ShapeError, 'matmul: [batch, 4] and [3, 2] do not fit'],
    [
      'reshape',
      () => onnx.reshape(x, ['batch', 5]),
      ShapeError,
      '[batch, 4] and [batch, 5] hold different numbers',
    ],
    ['transpose', () => onnx.transpose(x, [0, 0]), ShapeError, '[0,0] is no order of the axes of [batch, 4]'],
    ['split', () => onnx.split(x, 1, [1, 2]), ShapeError, 'axis 1 of [batch, 4] is not 1 + 2'],
    ['concatenate', () => onnx.concatenate([x, matrix], 1), ShapeError, '[batch, 4] and [3, 2] do not join'],
    ['an empty join', () => onnx.concatenate([], 0), ShapeError, 'nothing to join'],
    ['layerNorm', () => onnx.layerNorm(x, vector, vector), ShapeError, 'gain [2] and offset [2] must be [4]'],
    ['crossEntropy', () => onnx.crossEntropy(x, vector), ShapeError, 'must be [batch, classes]'],
    [
      'initializer',
      () => graph.initializer('i', [2], Float32Array.of(1)),
      ShapeError,
      '[2] takes 2 values, not 1',
    ],
    ['a name used twice', () => graph.input('x', []), ShapeError, 'there is a value called x already'],
    ['an unknown size', () => graph.dimension('time'), ShapeError, 'no input has a dimension called time'],
    ['a lost gradient', () => onnx.gather(x, ids), GradientError, 'Gather of x: Gather has no gradient here'],
    ['a loss that is no number', () => gradients(x, [x]), GradientError, 'the loss has shape [batch, 4]'],
  ])('%s', (_, build, error, message) => {
    expect(build).toThrow(error);
    expect(build).toThrow(message);
  });

  it('a value the loss does not depend on, or that is not tracked', () => {
    const loss = onnx.sum(x, [0, 1], { squeeze: true });
    const stranger = graph.track(graph.input('stranger', [1]));
    expect(() => gradients(loss, [stranger])).toThrow('the loss does not depend on stranger');
    expect(() => gradients(loss, [matrix])).toThrow('matrix is not tracked');
  });
});
