import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Batch } from '../src/batches.ts';
import { allParameters, type ModelSpec, type Weight } from '../src/graphs.ts';
import type { TrainingPlan } from '../src/hyperparameters.ts';
import { decodeSafetensors, encodeSafetensors } from '../src/safetensors.ts';
import { learningRate } from '../src/schedule.ts';

const python = process.env.MAINLINE_PYTHON ?? 'python3';

/** PyTorch's version in the Python that MAINLINE_PYTHON names (or python3), undefined without one. */
export function torchVersion(): string | undefined {
  const { status, stdout } = spawnSync(python, ['-c', 'import torch; print(torch.__version__)']);
  return status === 0 ? String(stdout).trim() : undefined;
}

export interface PeerTask {
  spec: ModelSpec;
  plan: TrainingPlan;
  /** Length of the learning rate's schedule. */
  steps: number;
  weights: ReadonlyMap<string, Weight>;
  batches: Batch[];
  dtype: 'float32' | 'float64';
  /** PyTorch's fused AdamW, its fastest, instead of its default one. */
  fused: boolean;
  threads: number;
}

/** The same model in PyTorch, in a process of its own, fed the same weights and batches. */
export async function startPeer({ spec, plan, steps, weights, batches, ...task }: PeerTask) {
  const folder = mkdtempSync(join(tmpdir(), 'mainline-torch-'));
  writeFileSync(join(folder, 'weights.safetensors'), encodeSafetensors(weights));
  writeFileSync(
    join(folder, 'task.json'),
    JSON.stringify({
      ...task,
      shape: spec.shape,
      plan,
      rates: Array.from({ length: steps }, (_, index) => learningRate(index + 1, steps, plan)),
      decaying: allParameters(spec).flatMap(({ name, decays }) => (decays ? [name] : [])),
      batches: batches.map((batch) => describe(batch, spec.labels)),
    }),
  );
  const child = spawn(python, [join(import.meta.dirname, 'peer.py'), folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const ask = async (command: object) => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error('the PyTorch peer ended: its message is above');
    return JSON.parse(value);
  };
  return {
    async gradients(): Promise<{ loss: number; gradients: Map<string, Weight> }> {
      const { loss } = await ask({ do: 'gradients' });
      return { loss, gradients: decodeSafetensors(readFileSync(join(folder, 'gradients.safetensors'))) };
    },
    train: (count: number): Promise<{ losses: number[]; ms: number; torch: string }> =>
      ask({ do: 'train', steps: count }),
    async close() {
      child.stdin.end();
      await once(child, 'close');
      rmSync(folder, { recursive: true });
    },
  };
}

function describe({ size, length, lengths, inputIds, target }: Batch, labels: number) {
  const ids = Array.from({ length: size }, (_, row) =>
    Array.from(inputIds.subarray(row * length, (row + 1) * length), Number),
  );
  const rows = Array.from({ length: size }, (_, row) => target.subarray(row * labels, (row + 1) * labels));
  return { ids, lengths, labels: rows.map((row) => row.indexOf(1)) };
}
