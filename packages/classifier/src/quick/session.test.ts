import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { bertModel } from '../../bench/bert.ts';
import { prepareTinyBundle, writeTinyBundle } from '../../test/tiny-bundle.ts';
import { load } from '../load.ts';
import type { Session } from '../session.ts';
import { makePlan } from './make-plan.ts';
import { openPlan } from './plan.ts';
import { quickSession } from './session.ts';

const scratch = mkdtempSync(join(tmpdir(), 'quick-session-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const bytes = bertModel({
  layers: 1,
  hidden: 64,
  heads: 2,
  feedForward: 128,
  vocabulary: 50,
  positions: 512,
  labels: 2,
});
const file = join(scratch, 'plan');
writeFileSync(file, makePlan(bytes, bytes));

/** A session over the plan, and one in ONNX Runtime's place that answers 42 and counts. */
function make() {
  const counts = { opened: 0, run: 0, released: 0 };
  const full: Session = {
    run: async (rows) => {
      counts.run++;
      return new Float32Array(rows.length * 2).fill(42);
    },
    release: async () => void counts.released++,
  };
  const session = quickSession(openPlan(file), 0, async () => {
    counts.opened++;
    return full;
  });
  return { session, counts };
}

const row = (tokens: number) => Int32Array.from({ length: tokens }, (_, i) => i % 50);

it('answers short texts by the plan, until they have cost what ONNX Runtime would', async () => {
  const { session, counts } = make();
  const first = await session.run([row(3)]);
  expect(first).toHaveLength(2);
  expect(first).not.toContain(42);
  // The answer of one row doesn't hang on how long its neighbours are.
  const padded = await session.run([row(9), row(3)]);
  expect(padded[2]).toBeCloseTo(first[0]!, 5);
  let calls = 2;
  while (!(await session.run([row(200)])).includes(42)) expect(++calls).toBeLessThan(1000);
  expect(calls).toBeGreaterThan(5);
  expect(await session.run([row(3)])).toContain(42);
  expect(counts).toEqual({ opened: 1, run: 2, released: 0 });
  await session.release();
  expect(counts.released).toBe(1);
});

it('a call that costs more than that alone goes to ONNX Runtime, and calls may overlap', async () => {
  const { session, counts } = make();
  const [early, large, late] = await Promise.all([
    session.run([row(3)]),
    session.run(Array.from({ length: 100 }, () => row(512))),
    session.run([row(3)]),
  ]);
  expect(early).not.toContain(42);
  expect(large).toContain(42);
  expect(late).toContain(42);
  expect(counts.opened).toBe(1);
});

it('is made whole when somebody says so', async () => {
  const { session, counts } = make();
  expect(await session.run([row(3)])).not.toContain(42);
  await session.complete!();
  expect(await session.run([row(3)])).toContain(42);
  await session.complete!();
  expect(counts).toEqual({ opened: 1, run: 1, released: 0 });
});

it('if ONNX Runtime can’t be opened that call fails, and the next one tries again', async () => {
  let tries = 0;
  const session = quickSession(openPlan(file), 0, async () => {
    if (++tries === 1) throw new Error('no memory');
    return { run: async () => Float32Array.of(42, 42), release: async () => {} };
  });
  await expect(session.complete!()).rejects.toThrow('no memory');
  expect(await session.run([row(3)])).toContain(42);
  expect(tries).toBe(2);
});

it('what the plan can’t compute is ONNX Runtime’s to answer; what can’t be read is an error', async () => {
  const { session, counts } = make();
  expect(await Promise.all([session.run([row(3)]), session.run([Int32Array.of(50)])])).toEqual([
    expect.not.arrayContaining([42]),
    Float32Array.of(42, 42),
  ]);
  expect(await session.run([row(3)])).toContain(42);
  expect(counts).toEqual({ opened: 1, run: 2, released: 0 });
  const cut = join(scratch, 'cut.plan');
  writeFileSync(cut, makePlan(bytes, bytes).subarray(0, -100));
  const damaged = quickSession(openPlan(cut), 0, () => Promise.reject(new Error('not asked for')));
  await expect(damaged.run([row(3)])).rejects.toThrow(/^cut.plan: can't be read/);
  await damaged.release();
});

it('released while ONNX Runtime fails to open, it has nothing to release', async () => {
  const session = quickSession(openPlan(file), 0, () => Promise.reject(new Error('no memory')));
  const completed = expect(session.complete!()).rejects.toThrow('no memory');
  await session.release();
  await completed;
});

it('one that is released unused never opens ONNX Runtime', async () => {
  const { session, counts } = make();
  await session.release();
  expect(counts).toEqual({ opened: 0, run: 0, released: 0 });
});

it('a bundle loaded quickly answers as one loaded whole, with a plan or without', async () => {
  const folder = await prepareTinyBundle(writeTinyBundle(join(scratch, 'bundle')));
  const texts = ['Free WINNER!', 'meeting notes', 'é zebra 日本', 'free '.repeat(50), ''];
  const whole = await load(folder);
  const quick = await load(folder, { quick: true });
  const [expected, found] = [await whole.classify(texts), await quick.classify(texts)];
  for (const [at, prediction] of expected.entries())
    expect(found[at]).toEqual({
      ...prediction,
      score: expect.closeTo(prediction.score, 5),
      scores: {
        ham: expect.closeTo(prediction.scores.ham!, 5),
        spam: expect.closeTo(prediction.scores.spam!, 5),
      },
    });
  const plain = await load(writeTinyBundle(join(scratch, 'plain')), { quick: true });
  expect(await plain.classify(texts)).toEqual(expected);
  for (const classifier of [whole, quick, plain]) await classifier.dispose();
});

it('what the bundle’s plan is was recorded: one that was changed is refused', async () => {
  const folder = await prepareTinyBundle(writeTinyBundle(join(scratch, 'changed')));
  writeFileSync(join(folder, 'serving.plan'), '!', { flag: 'r+' });
  await expect(load(folder, { quick: true })).rejects.toThrow(/^serving.plan: has SHA-256/);
  await expect(load(folder, { quick: true, verify: false })).rejects.toThrow(/^serving.plan: is not a plan/);
  await (await load(folder)).dispose();
});
