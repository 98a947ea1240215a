import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { elementType as everyType, microsoft, tensor as rawTensor } from '../src/onnx/graph.ts';
import { bytesField, encode, numberField, textField } from '../src/onnx/wire.ts';
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
  /** These floats, or 8-bit numbers, as weights. */
  known(values: Float32Array | Int8Array, dims?: number[]): string;
  /** A list that the model knows. */
  list(values: number[], dims?: number[]): string;
  /** One operator; a text among its attributes is fit for ONNX's own only. */
  op(type: string, inputs: string[], attributes?: Record<string, number | number[] | string>): string;
}

/** Draws a graph; says what is its output, and whether that is whole numbers. */
export type Draws = (sketch: Sketch) => { result: string; isInteger?: boolean };

/** A model of such a graph, and ids for it: all that it computes with. */
export function sketchModel(seed: number, draws: Draws): { bytes: Uint8Array; data: number[] } {
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
        sketch.known(Float32Array.of(0.01), []),
      ]),
    integers: (dims, most = 5) => computed(dims, 0, most),
    weights(dims) {
      return sketch.known(
        Float32Array.from({ length: size(dims) }, () => (next() - 0.5 || 1) * 2),
        dims,
      );
    },
    known(values, dims = [values.length]) {
      const type = values instanceof Int8Array ? everyType.int8 : everyType.float;
      initializers.push(Buffer.from(rawTensor(fresh(), dims, type, values)));
      return `v${names - 1}`;
    },
    list(values, dims = [values.length]) {
      initializers.push(tensor(fresh(), dims, elementType.int64, BigInt64Array.from(values, BigInt)));
      return `v${names - 1}`;
    },
    op(type, inputs, attributes = {}) {
      const output = fresh();
      const [numeric, said] = [{} as Record<string, number | number[]>, [] as [string, string][]];
      for (const [name, value] of Object.entries(attributes))
        if (typeof value === 'string') said.push([name, value]);
        else numeric[name] = value;
      const more = [
        ...said.map(([name, value]) =>
          bytesField(5, encode([textField(1, name), textField(4, value), numberField(20, 3)])),
        ),
        ...(type === 'DynamicQuantizeMatMul' ? [textField(7, microsoft)] : []),
      ];
      nodes.push(Buffer.concat([node(type, inputs, output, numeric), encode(more)]));
      return output;
    },
  };
  const size = (dims: number[]) => dims.reduce((a, b) => a * b, 1);
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
  const microsoftOpset = encode([textField(1, microsoft), numberField(2, 1)]);
  return { bytes: Buffer.concat([bytes, encode([bytesField(8, microsoftOpset)])]), data };
}

/** What the plan of such a model computes. */
export async function planAnswer({ bytes, data }: ReturnType<typeof sketchModel>): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'single-op-'));
  try {
    writeFileSync(join(folder, 'plan'), makePlan(bytes, bytes));
    const machine = openPlan(join(folder, 'plan'));
    try {
      const input = ints([1, data.length], data);
      await machine.run({ input_ids: input });
      // Twice: the second time in memory that the first has used.
      return [...(await machine.run({ input_ids: input }))];
    } finally {
      machine.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same, and what ONNX Runtime computes. */
export async function bothAnswers(
  seed: number,
  draws: Draws,
): Promise<{ found: number[]; expected: number[] }> {
  const sketched = sketchModel(seed, draws);
  const found = await planAnswer(sketched);
  const session = await InferenceSession.create(sketched.bytes, {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 3,
    extra: { session: { x64quantprecision: '1' } },
  });
  const { data } = sketched;
  const ids = new Tensor('int64', BigInt64Array.from(data, BigInt), [1, data.length]);
  const { logits } = await session.run({ input_ids: ids });
  await session.release();
  return { found, expected: [...(logits!.data as Float32Array)] };
}

/** A shape of up to four dimensions. */
export const shape = ({ draw }: Sketch, least = 1, most = 4): number[] =>
  Array.from({ length: draw.int(least, most) }, () => draw.pick(1, 2, 3, 4, 5, 8, 13));

/** The same with some dimensions 1 and perhaps without the first: it broadcasts. */
export const lesser = ({ draw }: Sketch, dims: number[]): number[] =>
  dims.map((dim) => draw.pick(dim, dim, 1)).slice(draw.int(0, dims.length));

/** One of a shape's axes, counted from either end. */
export const axisIn = ({ draw }: Sketch, dims: number[]): number => draw.int(-dims.length, dims.length - 1);

/** Truth values that are computed. */
export const truth = (sketch: Sketch, dims: number[]): string =>
  sketch.op('Cast', [sketch.integers(dims, 1)], { to: 9 });
