import { crossEntropy, type Dimension, encodeModel, Graph, gradients, multiply } from '@mainline/onnx-graph';
import { encoder } from './encoder.ts';
import type { ModelShape } from './hyperparameters.ts';
import { denseParameters, type Parameter, tableParameters } from './parameters.ts';

/** What fixes a model's graphs: its shape, the size of its vocabulary and the number of labels. */
export interface ModelSpec {
  shape: ModelShape;
  vocabularySize: number;
  labels: number;
}

/** A weight as it is stored: row-major float32. */
export interface Weight {
  shape: number[];
  data: Float32Array;
}

export interface TrainingGraph {
  model: Uint8Array;
  /** Inputs to fill with dropout masks; sizes are numbers, 'batch' and 'windows'. */
  masks: { name: string; shape: readonly Dimension[] }[];
}

/** The opset of everything built here; the manifest repeats it. */
export const opset = 17;
/** Output that holds the gradient of the looked-up rows, [batch, tokens, hidden]. */
export const rowsGradient = gradientOf('rows');

/** Output that holds the gradient of a parameter. */
export function gradientOf(name: string): string {
  return `gradient:${name}`;
}

/** Forward, loss and backward in one graph: outputs `loss`, the dense parameters' gradients and that of the rows. */
export function trainingGraph(spec: ModelSpec, dropoutRate: number): TrainingGraph {
  const graph = new Graph({ name: 'training', opset });
  const dense = denseParameters(spec.shape, spec.labels);
  const weights = inputs(graph, spec);
  for (const { name } of dense) graph.track(weights(name));
  const masks: TrainingGraph['masks'] = [];
  const { logits, rows } = encoder(graph, spec.shape, {
    parameter: weights,
    dropout: (x, site) => {
      if (dropoutRate === 0) return x;
      const mask = graph.input(`mask:${site}`, x.shape);
      masks.push({ name: mask.name, shape: mask.shape });
      return multiply(x, mask);
    },
  });
  const loss = crossEntropy(logits, graph.input('target', ['batch', spec.labels]));
  const asked = [...dense.map(({ name }) => weights(name)), rows];
  const names = [...dense.map(({ name }) => gradientOf(name)), rowsGradient];
  gradients(loss, asked).forEach((gradient, index) => {
    graph.output(names[index]!, gradient);
  });
  graph.output('loss', loss);
  return { model: encodeModel(graph.toModel()), masks };
}

/** Token ids to `logits`, with the weights as inputs: judges them while they still change. */
export function evaluationGraph(spec: ModelSpec): Uint8Array {
  const graph = new Graph({ name: 'evaluation', opset });
  const weights = inputs(graph, spec);
  // Tracked, so that it computes in the very form training does: what is exported is checked against that.
  for (const { name } of denseParameters(spec.shape, spec.labels)) graph.track(weights(name));
  const { logits } = encoder(graph, spec.shape, { parameter: weights });
  graph.output('logits', logits);
  return encodeModel(graph.toModel());
}

/** Token ids to `logits`, with the weights inside: the model.onnx that is served. */
export function servedGraph(spec: ModelSpec, weights: ReadonlyMap<string, Weight>): Uint8Array {
  const graph = new Graph({ name: 'classifier', opset });
  const { logits } = encoder(graph, spec.shape, {
    parameter: (name) => {
      const weight = weights.get(name);
      if (!weight) throw new RangeError(`there is no weight called ${name}`);
      return graph.initializer(name, weight.shape, weight.data);
    },
  });
  graph.output('logits', logits);
  return encodeModel(graph.toModel());
}

/** Every parameter of the model, tables first. */
export function allParameters({ shape, vocabularySize, labels }: ModelSpec): Parameter[] {
  return [...tableParameters(shape, vocabularySize), ...denseParameters(shape, labels)];
}

function inputs(graph: Graph, spec: ModelSpec) {
  const values = new Map(
    allParameters(spec).map(({ name, shape }) => [name, graph.input(name, shape)] as const),
  );
  return (name: string) => {
    const value = values.get(name);
    if (!value) throw new RangeError(`there is no parameter called ${name}`);
    return value;
  };
}
