import { join } from 'node:path';
import type { Tensor } from 'onnxruntime-node';
import { BundleError } from './errors.ts';
import type { Manifest, TensorSpec } from './manifest.ts';
import { loadOnnxRuntime } from './onnxruntime.ts';

/** A loaded model: rows of token ids in, logits out. */
export interface Session {
  /** Pads the rows to the longest; answers row after row, one logit for each label. */
  run(rows: Int32Array[]): Promise<Float32Array>;
  release(): Promise<void>;
}

/** What a BERT-style model may ask for besides the ids: the value at a token, and at the padding. */
const knownInputs: Record<string, (id: number) => number> = {
  input_ids: (id) => id,
  attention_mask: () => 1,
  token_type_ids: () => 0,
};

/** Loads the bundle's model into ONNX Runtime and holds it to what the manifest says of it. */
export async function openSession(
  folder: string,
  manifest: Manifest,
  padId: number,
  threads: number,
): Promise<Session> {
  for (const { name } of manifest.inputs)
    if (!Object.hasOwn(knownInputs, name))
      throw new BundleError('manifest.json', `inputs has ${name}, which nothing here can fill`, {
        hint: `A model may ask for ${Object.keys(knownInputs).join(', ')}`,
      });
  const { InferenceSession, Tensor } = await loadOnnxRuntime();
  const file = manifest.serving?.model ?? manifest.model;
  const session = await InferenceSession.create(join(folder, file), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // A prepared model was optimised when it was.
    graphOptimizationLevel: manifest.serving ? 'disabled' : 'all',
    // Without it, an x64 CPU that lacks VNNI adds 8-bit products up in 16 bits, where they don't fit.
    extra: { session: { x64quantprecision: '1' } },
  }).catch((cause: unknown) => {
    throw new BundleError(file, "can't be loaded by ONNX Runtime", { cause });
  });
  const output = manifest.outputs[0]!.name;
  const asked = manifest.inputs.map(({ name }) => name);
  if (
    asked.toSorted().join() !== session.inputNames.toSorted().join() ||
    !session.outputNames.includes(output)
  ) {
    await session.release();
    throw new BundleError(
      file,
      `takes ${session.inputNames.join(', ')} and gives ${session.outputNames.join(', ')}, ` +
        `the manifest says ${asked.join(', ')} and ${output}`,
    );
  }
  return {
    async run(rows) {
      const feeds: Record<string, Tensor> = {};
      const length = Math.max(...rows.map((row) => row.length));
      for (const input of manifest.inputs) {
        const padding = input.name === 'input_ids' ? padId : 0;
        const data = fill(input.dtype, rows, length, knownInputs[input.name]!, padding);
        const shape = [rows.length, length];
        feeds[input.name] =
          data instanceof Int32Array ? new Tensor('int32', data, shape) : new Tensor('int64', data, shape);
      }
      const { data, dims } = (await session.run(feeds, [output]))[output]!;
      if (!(data instanceof Float32Array) || dims[0] !== rows.length || dims[1] !== manifest.labels.length)
        throw new BundleError(
          manifest.model,
          `gives ${output} of shape [${dims}], the manifest says otherwise`,
        );
      return data;
    },
    release: () => session.release(),
  };
}

/** Ids are far below 2³¹: an int64 is written as its low word, which costs no BigInt (every platform is little-endian). */
function fill(
  dtype: TensorSpec['dtype'],
  rows: Int32Array[],
  length: number,
  value: (id: number) => number,
  padding: number,
): Int32Array | BigInt64Array {
  const stride = dtype === 'int64' ? 2 : 1;
  const words = new Int32Array(rows.length * length * stride);
  for (const [y, row] of rows.entries())
    for (let x = 0; x < length; x++)
      words[(y * length + x) * stride] = x < row.length ? value(row[x]!) : padding;
  return stride === 2 ? new BigInt64Array(words.buffer) : words;
}
