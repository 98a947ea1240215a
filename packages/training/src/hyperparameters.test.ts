import { describe, expect, it } from 'vitest';
import { parseHyperparameters } from './hyperparameters.ts';

const model = {
  layers: 1,
  hidden: 64,
  heads: 2,
  feedForward: 256,
  maxTokens: 512,
  windowTokens: 64,
  bigramRows: 16384,
};
const training = {
  epochs: 4,
  batchSize: 32,
  learningRate: 1e-3,
  warmup: 0.1,
  weightDecay: 0.01,
  clipNorm: 1,
  dropout: 0.1,
  wordDropout: 0.1,
  seed: 1,
};

describe('parseHyperparameters', () => {
  it('returns both sections typed', () => {
    expect(parseHyperparameters(model, training)).toEqual({ model, training });
  });

  it.each([
    [undefined, training, /model is missing: give it layers, hidden/],
    [model, 'fast', /training is missing/],
    [{ ...model, hiden: 3 }, training, /model\.hiden is not known: use layers, hidden/],
    [{ ...model, hidden: 30 }, training, /model\.hidden is 30: make it a multiple of 4/],
    [{ ...model, heads: 3 }, training, /multiple of heads \(3\)/],
    [{ ...model, layers: 1.5 }, training, /model\.layers is 1\.5: it must be a whole number/],
    [model, { ...training, epochs: '4' }, /training\.epochs is "4": it must be a number from 1 to 1000/],
    [model, { ...training, dropout: Number.NaN }, /training\.dropout/],
    [model, { epochs: 4 }, /training\.batchSize is missing/],
    [JSON.parse('{"__proto__": 1}'), training, /model\.__proto__ is not known/],
  ])('rejects %j %j', (badModel, badTraining, message) => {
    expect(() => parseHyperparameters(badModel, badTraining)).toThrow(message);
  });
});
