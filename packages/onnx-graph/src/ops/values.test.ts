import { expect, it } from 'vitest';
import { openGraph } from '../../test/run.ts';
import * as onnx from '../index.ts';
import { Graph, type Value } from '../index.ts';

async function valuesOf(build: (x: Value) => Value, x: number[], options: { track?: boolean } = {}) {
  const graph = new Graph();
  const input = graph.input('x', [1, x.length]);
  if (options.track) graph.track(input);
  graph.output('y', build(input));
  const run = await openGraph(graph);
  return (await run({ x: { shape: [1, x.length], data: Float32Array.from(x) } })).y!.data;
}

// Reference values of Φ: https://dlmf.nist.gov/7.1 by erf(1/√2) = 0.6826894921 and erf(2/√2) = 0.9544997361.
it.each([true, false])('gelu is x · Φ(x), tracked: %s', async (track) => {
  const values = await valuesOf(onnx.gelu, [-2, -1, 0, 1, 2], { track });
  for (const [at, expected] of [-0.04550026, -0.15865525, 0, 0.84134475, 1.95449974].entries())
    expect(values[at]).toBeCloseTo(expected, 6);
});

it('layerNorm has mean 0 and variance 1 before gain and offset', async () => {
  const ones = (x: Value, value: number) =>
    x.graph.initializer(`all${value}`, [4], new Float32Array(4).fill(value));
  const values = await valuesOf((x) => onnx.layerNorm(x, ones(x, 2), ones(x, 1)), [1, 2, 3, 6]);
  const spread = Math.sqrt(14 / 4);
  for (const [at, expected] of [-2, -1, 0, 3].entries())
    expect(values[at]).toBeCloseTo(1 + (2 * expected) / spread, 5);
});

it('softmax adds up to 1 in the right proportions', async () => {
  const [a, b, c] = (await valuesOf(onnx.softmax, [0, Math.log(2), Math.log(5)])) as [number, number, number];
  expect([a, b, c].map((share) => share * 8)).toEqual([
    expect.closeTo(1, 5),
    expect.closeTo(2, 5),
    expect.closeTo(5, 5),
  ]);
});

it('crossEntropy is -log of the share of the right class', async () => {
  const build = (x: Value) =>
    onnx.crossEntropy(x, x.graph.initializer('target', [1, 2], Float32Array.of(0, 1)));
  expect((await valuesOf(build, [0, Math.log(3)]))[0]).toBeCloseTo(-Math.log(3 / 4), 6);
});
