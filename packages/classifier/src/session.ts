import { join } from 'node:path';
import { BundleError } from './errors.ts';
import { knownInputs, type Write } from './inputs.ts';
import type { Manifest, TensorSpec } from './manifest.ts';
import { type NativeSession, openModel, Tensor } from './onnxruntime.ts';

/** A loaded model: rows of token ids in, logits out. */
export interface Session {
  /** Pads the rows to the longest; answers row after row, one logit for each label. */
  run(rows: Int32Array[]): Promise<Float32Array>;
  /** Does now what was put off until it is needed, if anything was. */
  complete?(): Promise<void>;
  release(): Promise<void>;
}

/** How a prepared model is opened: it was optimised when it was made. */
export const preparedOptions = {
  graphOptimizationLevel: 'disabled',
  // Without it, an x64 CPU that lacks VNNI adds 8-bit products up in 16 bits, where they don't fit.
  extra: { session: { x64quantprecision: '1' } },
} as const;

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
  const file = manifest.serving?.model ?? manifest.model;
  const session = open(file, join(folder, file), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    ...preparedOptions,
    ...(!manifest.serving && { graphOptimizationLevel: 'all' }),
  });
  const output = manifest.outputs[0]!.name;
  const asked = manifest.inputs.map(({ name }) => name);
  const [taken, given] = [session.inputMetadata, session.outputMetadata].map((all) =>
    all.map(({ name }) => name),
  );
  if (asked.toSorted().join() !== taken!.toSorted().join() || !given!.includes(output)) {
    session.dispose();
    throw new BundleError(
      file,
      `takes ${taken!.join(', ')} and gives ${given!.join(', ')}, ` +
        `the manifest says ${asked.join(', ')} and ${output}`,
    );
  }
  const inputs = manifest.inputs.map((spec) => new Input(spec, padId));
  const feeds: Record<string, Tensor> = {};
  const fetches = { [output]: null };
  return {
    async run(rows) {
      let length = 0;
      for (const row of rows) length = Math.max(length, row.length);
      for (const input of inputs) feeds[input.name] = input.tensor(rows, length);
      const { data, dims } = session.run(feeds, fetches, {})[output]!;
      if (!(data instanceof Float32Array) || dims[0] !== rows.length || dims[1] !== manifest.labels.length)
        throw new BundleError(
          manifest.model,
          `gives ${output} of shape [${dims}], the manifest says otherwise`,
        );
      return data;
    },
    async release() {
      session.dispose();
    },
  };
}

function open(file: string, path: string, options: object): NativeSession {
  try {
    return openModel(path, options);
  } catch (cause) {
    throw new BundleError(file, "can't be loaded by ONNX Runtime", { cause });
  }
}

/** One of a model's inputs. A run is over before the next is prepared: all are written into the same memory. */
class Input {
  readonly name: string;
  readonly #dtype: TensorSpec['dtype'];
  readonly #stride: number;
  readonly #padId: number;
  readonly #write: Write;
  #words = new Int32Array(0);

  constructor({ name, dtype }: TensorSpec, padId: number) {
    this.name = name;
    this.#dtype = dtype;
    // Ids are far below 2³¹: an int64 is written as its low word, which costs no BigInt (every platform is little-endian).
    this.#stride = dtype === 'int64' ? 2 : 1;
    this.#padId = padId;
    this.#write = knownInputs[name]!;
  }

  tensor(rows: Int32Array[], length: number): Tensor {
    const count = rows.length * length;
    if (this.#words.length < count * this.#stride) this.#words = new Int32Array(count * this.#stride);
    let at = 0;
    for (const row of rows) {
      this.#write(this.#words, row, at, length, this.#stride, this.#padId);
      at += length;
    }
    const { buffer } = this.#words;
    const data = this.#stride === 2 ? new BigInt64Array(buffer, 0, count) : new Int32Array(buffer, 0, count);
    return new Tensor(this.#dtype, data, [rows.length, length]);
  }
}
