import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { makePlan } from '../src/quick/make-plan.ts';
import { openPlan } from '../src/quick/plan.ts';
import { ints } from '../src/quick/values.ts';
import { elementType, model, node, tensor, value } from './onnx.ts';

/** Draws from a seed, the same each time. */
export interface Draw {
  /** A whole number from `least` to `most`. */
  int(least: number, most: number): number;
  pick<T>(...of: T[]): T;
}

/** A graph around one operator: random floats and whole numbers go in, `result` comes out. */
export interface Sketch {
  nodes: Buffer[];
  initializers: Buffer[];
  draw: Draw;
  /** Floats that are computed. */
  floats(dims: number[]): string;
  /** Whole numbers that are computed, from 0 to `most`. */
  integers(dims: number[], most?: number): string;
  /** Floats that are weights; none is 0. */
  weights(dims: number[]): string;
  /** A list that the model knows. */
  list(values: number[], dims?: number[]): string;
  /** One operator. */
  op(type: string, inputs: string[], attributes?: Record<string, number | number[]>): string;
}

/** What the plan of such a graph computes, and what ONNX Runtime does. */
export async function bothAnswers(
  seed: number,
  draws: (sketch: Sketch) => { result: string; isInteger?: boolean },
): Promise<{ found: number[]; expected: number[] }> {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const draw: Draw = {
    int: (least, most) => least + Math.floor(next() * (most - least + 1)),
    pick: (...of) => of[Math.floor(next() * of.length)]!,
  };
  const nodes: Buffer[] = [];
  const initializers: Buffer[] = [];
  let names = 0;
  const fresh = () => `v${names++}`;
  const data: number[] = [];
  const sketch: Sketch = {
    nodes,
    initializers,
    draw,
    floats: (dims) =>
      sketch.op('Mul', [
        sketch.op('Cast', [computed(dims, -300, 300)], { to: elementType.float }),
        scalar(0.01),
      ]),
    integers: (dims, most = 5) => computed(dims, 0, most),
    weights(dims) {
      const values = Float32Array.from({ length: size(dims) }, () => (next() - 0.5 || 1) * 2);
      initializers.push(tensor(fresh(), dims, elementType.float, values));
      return `v${names - 1}`;
    },
    list(values, dims = [values.length]) {
      initializers.push(tensor(fresh(), dims, elementType.int64, BigInt64Array.from(values, BigInt)));
      return `v${names - 1}`;
    },
    op(type, inputs, attributes) {
      const output = fresh();
      nodes.push(node(type, inputs, output, attributes));
      return output;
    },
  };
  const size = (dims: number[]) => dims.reduce((a, b) => a * b, 1);
  function scalar(number: number): string {
    initializers.push(tensor(fresh(), [], elementType.float, Float32Array.of(number)));
    return `v${names - 1}`;
  }
  /** A part of the input, in this shape. */
  function computed(dims: number[], least: number, most: number): string {
    const from = data.length;
    for (let i = 0; i < size(dims); i++) data.push(draw.int(least, most));
    const bounds = [[from], [data.length], [1]].map((bound) => sketch.list(bound));
    return sketch.op('Reshape', [sketch.op('Slice', ['input_ids', ...bounds]), sketch.list(dims)]);
  }

  const { result, isInteger } = draws(sketch);
  const asFloats = isInteger ? sketch.op('Cast', [result], { to: elementType.float }) : result;
  nodes.push(node('Reshape', [asFloats, sketch.list([-1])], 'logits'));
  const bytes = model({
    nodes,
    initializers,
    inputs: [value('input_ids', elementType.int64, ['batch', 'sequence'])],
    outputs: [value('logits', elementType.float, ['all'])],
  });
  const folder = mkdtempSync(join(tmpdir(), 'single-op-'));
  try {
    writeFileSync(join(folder, 'plan'), makePlan(bytes, bytes));
    const machine = openPlan(join(folder, 'plan'));
    const input = ints([1, data.length], data);
    await machine.run({ input_ids: input });
    // Twice: the second time in memory that the first has used.
    const found = await machine.run({ input_ids: input });
    machine.close();
    const session = await InferenceSession.create(bytes, { graphOptimizationLevel: 'disabled' });
    const ids = new Tensor('int64', BigInt64Array.from(data, BigInt), [1, data.length]);
    const { logits } = await session.run({ input_ids: ids });
    await session.release();
    return { found: [...found], expected: [...(logits!.data as Float32Array)] };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
