import { InferenceSession } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { denseGradients, trainingFeeds } from '../test/dense-reference.ts';
import { smallExamples, smallPlan, smallSpec } from '../test/examples.ts';
import { startPeer, torchVersion } from '../test/peer.ts';
import { makeBatch } from './batches.ts';
import { openEngine } from './engine.ts';
import { trainingGraph } from './graphs.ts';

const version = torchVersion();
const judged = it.skipIf(!version);
const by = version
  ? `PyTorch ${version}`
  : 'PyTorch (skipped: no python3 with torch; MAINLINE_PYTHON names one)';
const steps = 60;
const plan = { ...smallPlan, weightDecay: 0.05 };
const batches = Array.from({ length: 6 }, (_, seed) => makeBatch(smallExamples(4, seed), 2, 0));

async function open() {
  const engine = await openEngine({ spec: smallSpec, plan, steps, threads: 1 });
  const peer = await startPeer({
    spec: smallSpec,
    plan,
    steps,
    weights: engine.weights(),
    batches,
    dtype: 'float64',
    fused: false,
    threads: 1,
  });
  return { engine, peer };
}

judged(`every gradient is the one of ${by}`, async () => {
  const { engine, peer } = await open();
  const session = await InferenceSession.create(trainingGraph(smallSpec, 0).model, { logSeverityLevel: 3 });
  const results = await session.run(trainingFeeds(engine.weights(), batches[0]!));
  const { loss, gradients } = await peer.gradients();
  expect(Number(results.loss!.data[0])).toBeCloseTo(loss, 5);
  const ours = denseGradients(results, batches[0]!);
  expect([...ours.keys()].sort()).toEqual([...gradients.keys()].sort());
  for (const [name, { data }] of gradients) {
    const scale = Math.max(1e-2, ...data.map(Math.abs));
    const error = Math.max(...data.map((value, at) => Math.abs(value - ours.get(name)![at]!)));
    expect(error / scale, name).toBeLessThan(1e-4);
  }
  await Promise.all([peer.close(), engine.dispose(), session.release()]);
});

judged(`${steps} steps have the losses of ${by} in float64`, async () => {
  const { engine, peer } = await open();
  const { losses } = await peer.train(steps);
  const ours: number[] = [];
  for (let step = 0; step < steps; step++) ours.push(await engine.step(batches[step % batches.length]!));
  expect(losses.at(-1)).toBeLessThan(0.5 * losses[0]!);
  expect(Math.max(...ours.map((loss, step) => Math.abs(loss - losses[step]!)))).toBeLessThan(1e-4);
  await Promise.all([peer.close(), engine.dispose()]);
});
