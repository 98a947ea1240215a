import type { ModelShape } from './hyperparameters.ts';
import { normal, type Random } from './random.ts';

/** One weight array of the encoder. */
export interface Parameter {
  name: string;
  shape: number[];
  /** Weight decay is for matrices; biases and norms are left alone. */
  decays: boolean;
  /** How it starts: a constant, or normally distributed around 0. */
  start: { constant: number } | { deviation: number };
}

/** The tables whose rows are looked up by token: word pieces, and hashed pairs of them. */
export function tableParameters(
  shape: ModelShape,
  vocabularySize: number,
): [word: Parameter, bigram: Parameter] {
  const table = (name: string, rows: number): Parameter => ({
    name,
    shape: [rows, shape.hidden],
    decays: true,
    start: { deviation: 0.1 },
  });
  return [table('embedding.word', vocabularySize), table('embedding.bigram', shape.bigramRows)];
}

/** Every other parameter, the ones that decay first. */
export function denseParameters(shape: ModelShape, labels: number): Parameter[] {
  const { hidden, feedForward, windowTokens } = shape;
  const parameters: Parameter[] = [];
  const matrix = (name: string, inputs: number, outputs: number) =>
    parameters.push({
      name,
      shape: [inputs, outputs],
      decays: true,
      start: { deviation: Math.sqrt(1 / inputs) },
    });
  const vector = (name: string, length: number, constant = 0) =>
    parameters.push({ name, shape: [length], decays: false, start: { constant } });
  const linear = (name: string, inputs: number, outputs: number) => {
    matrix(`${name}.weight`, inputs, outputs);
    vector(`${name}.bias`, outputs);
  };
  const norm = (name: string) => {
    vector(`${name}.gain`, hidden, 1);
    vector(`${name}.offset`, hidden);
  };

  parameters.push({
    name: 'embedding.position',
    shape: [windowTokens, hidden],
    decays: true,
    start: { deviation: 0.02 },
  });
  norm('embedding.norm');
  for (let layer = 0; layer < shape.layers; layer++) {
    for (const role of ['query', 'key', 'value', 'attention'])
      linear(`layer.${layer}.${role}`, hidden, hidden);
    norm(`layer.${layer}.attention.norm`);
    linear(`layer.${layer}.feedforward.in`, hidden, feedForward);
    linear(`layer.${layer}.feedforward.out`, feedForward, hidden);
    norm(`layer.${layer}.feedforward.norm`);
  }
  linear('classifier', hidden, labels);
  return parameters.toSorted((a, b) => Number(b.decays) - Number(a.decays));
}

/** How many numbers the parameter holds. */
export function lengthOf(parameter: { shape: readonly number[] }): number {
  return parameter.shape.reduce((product, size) => product * size, 1);
}

/** Fills an array with the parameter's starting values. */
export function initialize(values: Float32Array, { start }: Parameter, random: Random): void {
  if ('constant' in start) values.fill(start.constant);
  else for (let index = 0; index < values.length; index++) values[index] = start.deviation * normal(random);
}
