import { describe, expect, it } from 'vitest';
import { DenseWeights } from './adamw.ts';
import type { TrainingPlan } from './hyperparameters.ts';
import { Arena } from './kernels.ts';
import { seeded } from './random.ts';
import { learningRate, Schedule } from './schedule.ts';
import { TableWeights } from './table-weights.ts';

const plan: TrainingPlan = {
  epochs: 1,
  batchSize: 1,
  learningRate: 0.01,
  warmup: 0.1,
  weightDecay: 0.1,
  clipNorm: 1,
  dropout: 0,
  wordDropout: 0,
  seed: 1,
};

/** Algorithm 2 of https://arxiv.org/abs/1711.05101 in float64, one number at a time. */
function adamwReference(
  weight: number,
  decays: boolean,
  steps: number,
  gradientAt: (step: number) => number,
) {
  let mean = 0;
  let square = 0;
  let value = weight;
  for (let step = 1; step <= steps; step++) {
    const rate = learningRate(step, steps, plan);
    const gradient = gradientAt(step);
    mean = 0.9 * mean + 0.1 * gradient;
    square = 0.999 * square + 0.001 * gradient ** 2;
    const meanHat = mean / (1 - 0.9 ** step);
    const squareHat = square / (1 - 0.999 ** step);
    value -= rate * (meanHat / (Math.sqrt(squareHat) + 1e-8) + (decays ? plan.weightDecay * value : 0));
  }
  return value;
}

describe('learningRate', () => {
  it('climbs to the peak, then falls to almost 0', () => {
    const rates = Array.from({ length: 20 }, (_, index) => learningRate(index + 1, 20, plan));
    expect(rates[0]).toBeCloseTo(0.005);
    expect(rates[1]).toBeCloseTo(0.01);
    expect(rates[2]).toBeCloseTo(0.01);
    expect(rates[19]).toBeCloseTo(0.01 / 18);
  });

  it('starts at the peak without a warm-up', () => {
    expect(learningRate(1, 10, { ...plan, warmup: 0 })).toBe(0.01);
  });
});

describe('DenseWeights', () => {
  it('take the steps of AdamW, with decay only where it is wanted', () => {
    const parameters = [
      { name: 'matrix', shape: [3, 2], decays: true, start: { constant: 1 } },
      { name: 'bias', shape: [2], decays: false, start: { constant: 1 } },
    ];
    const arena = new Arena(1 << 16);
    const schedule = new Schedule(arena, 50, plan);
    const dense = new DenseWeights(arena, parameters);
    dense.weight('matrix').fill(0.5);
    dense.weight('bias').fill(0.5);
    const gradientAt = (step: number) => Math.sin(step) * 0.1;
    for (let step = 1; step <= 50; step++) {
      dense.gradient('matrix').fill(gradientAt(step));
      dense.gradient('bias').fill(gradientAt(step) * 2);
      dense.update(schedule, step, 0.5);
    }
    const matrix = adamwReference(0.5, true, 50, (step) => gradientAt(step) * 0.5);
    const bias = adamwReference(0.5, false, 50, gradientAt);
    for (const value of dense.weight('matrix')) expect(value).toBeCloseTo(matrix, 5);
    for (const value of dense.weight('bias')) expect(value).toBeCloseTo(bias, 5);
    expect(Math.abs(matrix - bias)).toBeGreaterThan(1e-3);
  });
});

describe('TableWeights', () => {
  const [rows, width, steps] = [12, 4, 700];

  it('put off the steps of untouched rows and end where dense AdamW ends', () => {
    const arena = new Arena(1 << 18);
    const schedule = new Schedule(arena, steps, plan);
    const table = new TableWeights(arena, schedule, rows, width, 3);
    const dense = new DenseWeights(arena, [
      { name: 'table', shape: [rows, width], decays: true, start: { constant: 0 } },
    ]);
    const random = seeded(3);
    for (let index = 0; index < rows * width; index++) table.weights[index] = random() - 0.5;
    dense.weight('table').set(table.weights);
    const gradients = new Arena(1 << 16).float32(3 * width);
    const scratch = arena.float32(3 * width);

    for (let step = 1; step <= steps; step++) {
      // Row 11 is never touched, row 10 at the first step alone (so it waits longer than is replayed), row 9 twice in one.
      const lookups = Int32Array.of(
        step === 1 ? 10 : Math.floor(random() * 9),
        step % 97 ? 8 : 9,
        step % 97 ? 7 : 9,
      );
      for (let index = 0; index < gradients.length; index++) gradients[index] = random() - 0.5;
      scratch.set(gradients);
      table.catchUp(lookups, step - 1);
      table.collect(lookups, Int32Array.of(0, 1, 2), scratch);
      const whole = dense.gradient('table').fill(0);
      for (const [token, row] of lookups.entries())
        for (let index = 0; index < width; index++)
          whole[row * width + index]! += gradients[token * width + index]!;
      expect(table.sumOfSquares()).toBeCloseTo(dense.sumOfSquares(), 6);
      table.update(step, 0.7);
      dense.update(schedule, step, 0.7);
    }
    table.sync(steps);
    const difference = table.weights.map((value, index) => Math.abs(value - dense.weight('table')[index]!));
    expect(Math.max(...difference)).toBeLessThan(2e-6);
  });

  it('keep a row as it is until someone reads it', () => {
    const arena = new Arena(1 << 16);
    const table = new TableWeights(arena, new Schedule(arena, 10, plan), 2, width, 1);
    table.weights.fill(1);
    table.catchUp([0], 5);
    expect(table.weights[0]).toBeLessThan(1);
    expect(table.weights[width]).toBe(1);
    table.sync(5);
    expect(table.weights[width]).toBe(table.weights[0]);
  });
});
