import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { NoPlan } from '../errors.ts';
import { type Machine, openPlan, type Plan } from './plan.ts';
import { costOf, patience } from './session.ts';
import { ints } from './values.ts';

/** How far a plan's logits may lie from ONNX Runtime's; in 8 bits, an activation on the edge of a step may fall either way. */
const tolerances = { float32: 1e-4, int8: 0.05 };

/** Rows and tokens of the samples; where there are several rows, some are padded. */
const samples = [
  [1, 1],
  [1, 2],
  [1, 7],
  [2, 5],
  [1, 16],
  [3, 9],
  [2, 70],
  [1, 150],
  [1, 512],
] as const;

/**
 * Holds a plan in a file to what ONNX Runtime answers for the same model, as far as the plan will be asked: throws a
 * NoPlan if it can't be computed, or differs. `weights` is the file that some of its weights lie in.
 */
export async function provePlan(
  file: string,
  weights: string | undefined,
  session: InferenceSession,
  makeTensor: typeof Tensor,
  precision: keyof typeof tolerances,
): Promise<void> {
  let machine: Machine | undefined;
  try {
    machine = openPlan(file, ...(weights ? [weights] : []));
    const { plan } = machine;
    const vocabulary = vocabularyOf(plan);
    let compared = 0;
    for (const [rows, tokens] of samples) {
      if (costOf(plan, rows * tokens) > patience) continue;
      const inputs = Object.fromEntries(
        session.inputNames.map((name) => [
          name,
          ints([rows, tokens], sample(name, rows, tokens, vocabulary)),
        ]),
      );
      const feeds = Object.fromEntries(
        session.inputMetadata.map((input) => {
          const { dims, data } = inputs[input.name]!;
          const isWide = input.isTensor && input.type === 'int64';
          return [
            input.name,
            isWide
              ? new makeTensor('int64', BigInt64Array.from(data, BigInt), dims)
              : new makeTensor('int32', data, dims),
          ];
        }),
      );
      // A text may be longer than what the model has positions for.
      const expected = await session.run(feeds).catch(() => undefined);
      if (!expected) continue;
      const logits = expected[session.outputNames[0]!]!.data as Float32Array;
      requireEqual(await machine.run(inputs), logits, tolerances[precision]);
      compared++;
    }
    if (!compared) throw new NoPlan('ONNX Runtime answers none of the samples');
  } catch (error) {
    if (error instanceof NoPlan) throw error;
    throw new NoPlan(`it can't be computed: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  } finally {
    machine?.close();
  }
}

function requireEqual(found: Float32Array, expected: Float32Array, tolerance: number): void {
  if (found.length !== expected.length)
    throw new NoPlan(`it answers ${found.length} numbers, ONNX Runtime ${expected.length}`);
  const worst = Math.max(
    ...expected.map((value, at) => Math.abs(value - found[at]!) / Math.max(1, Math.abs(value))),
  );
  if (!(worst <= tolerance)) throw new NoPlan(`it answers otherwise, by ${worst}`);
}

/** Rows of the table that the ids are looked up in. */
function vocabularyOf({ inputs, nodes, weights }: Plan): number {
  const ids = new Set([inputs.input_ids]);
  for (const { op, inputs, output } of nodes)
    if (['Cast', 'Identity', 'Reshape'].includes(op) && ids.has(inputs[0])) ids.add(output);
  const lookups = nodes
    .filter((node) => node.op === 'Gather' && ids.has(node.inputs[1]))
    .map((node) => node.inputs[0]);
  const sizes = weights.filter(({ value }) => lookups.includes(value)).map(({ dims }) => dims[0]!);
  return sizes.length ? Math.min(...sizes) : 2;
}

/** Ids all over the vocabulary, some rows ending in padding. */
function sample(name: string, rows: number, tokens: number, vocabulary: number): Int32Array {
  return Int32Array.from({ length: rows * tokens }, (_, at) => {
    const [row, column] = [Math.floor(at / tokens), at % tokens];
    const isPadding = column > 0 && column >= tokens - row * 2;
    if (name === 'attention_mask') return isPadding ? 0 : 1;
    return name === 'input_ids' && !isPadding ? (at * 7919 + 13) % vocabulary : 0;
  });
}
