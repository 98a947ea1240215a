import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, writeCompiled } from './compiled-tokenizer.ts';
import { BundleError, NoPlan, UnsupportedTokenizer } from './errors.ts';
import type { ServingFiles } from './manifest.ts';
import { prune } from './onnx/prune.ts';
import { quantize } from './onnx/quantize.ts';
import { loadOnnxRuntime } from './onnxruntime.ts';
import { makePlan } from './quick/make-plan.ts';
import { provePlan } from './quick/prove.ts';
import { preparedOptions } from './session.ts';
import { readTokenizerFile } from './tokenizer-file.ts';

/** What a bundle carries besides its model and tokenizer so that a function starts in a few milliseconds. */
export interface Prepared {
  /** The manifest's field. */
  serving: ServingFiles;
  files: Record<string, Uint8Array>;
  /** Why the model can't be answered before ONNX Runtime has started, if it can't. */
  whyNoPlan?: string;
}

/**
 * Does at build time what loading would do each time: ONNX Runtime optimises the model and lays its weights out to be
 * mapped into memory, the tokenizer's vocabulary becomes a table, and a plan says how to do without ONNX Runtime for the
 * first texts. Same parts, same bytes, same answers, on every CPU.
 * With a precision of int8 the answers move a little, and the caller has compared them. Takes an ONNX model's bytes
 * and a parsed tokenizer.json; throws a BundleError on either it can't read.
 */
export async function prepare(
  model: Uint8Array,
  tokenizer: unknown,
  { precision = 'float32' }: { precision?: ServingFiles['precision'] } = {},
): Promise<Prepared> {
  const compiled = await compileIfWordPiece(tokenizer);
  const pruned = prune(model);
  const { graph, weights, plan } = await optimise(
    precision === 'int8' ? quantize(pruned) : pruned,
    precision,
  );
  const isPlanned = plan instanceof Uint8Array;
  return {
    serving: {
      model: names.model,
      ...(weights && { weights: names.weights }),
      tokenizer: compiled ? names.tokenizer : 'tokenizer.json',
      ...(isPlanned && { plan: names.plan }),
      precision,
    },
    files: {
      [names.model]: graph,
      ...(weights && { [names.weights]: weights }),
      ...(compiled && { [names.tokenizer]: compiled }),
      ...(isPlanned && { [names.plan]: plan }),
    },
    ...(!isPlanned && { whyNoPlan: plan.message }),
  };
}

const names = {
  model: 'serving.onnx',
  weights: 'serving.weights',
  tokenizer: 'serving.tokenizer',
  plan: 'serving.plan',
};

async function compileIfWordPiece(tokenizer: unknown): Promise<Uint8Array | undefined> {
  try {
    return writeCompiled(compile(readTokenizerFile(tokenizer)));
  } catch (error) {
    if (!(error instanceof UnsupportedTokenizer)) throw error;
    // Another kind is read from the file as it is, if the library can.
    const { openOtherTokenizer } = await import('./other-tokenizer.ts');
    openOtherTokenizer(tokenizer);
    return undefined;
  }
}

interface Optimised {
  graph: Uint8Array;
  weights: Uint8Array | undefined;
  plan: Uint8Array | NoPlan;
}

/** ONNX Runtime's own ORT format would load as fast, but comes out with its weights in another order each time. */
async function optimise(model: Uint8Array, precision: ServingFiles['precision']): Promise<Optimised> {
  const { InferenceSession } = await loadOnnxRuntime();
  const folder = await mkdtemp(join(tmpdir(), 'mainline-prepare-'));
  const file = (name: string) => join(folder, name);
  try {
    await writeFile(file('model.onnx'), model);
    const session = await InferenceSession.create(file('model.onnx'), {
      // One level higher, the file would only suit the CPU that wrote it.
      graphOptimizationLevel: 'extended',
      optimizedModelFilePath: file(names.model),
      extra: { session: { optimized_model_external_initializers_file_name: names.weights } },
    });
    await session.release();
    // A model of a few weights keeps them all in the graph.
    const weights = existsSync(file(names.weights)) ? await readFile(file(names.weights)) : undefined;
    const graph = await readFile(file(names.model));
    return { graph, weights, plan: await planOf(folder, model, graph, weights, precision) };
  } catch (cause) {
    throw new BundleError('model.onnx', "can't be optimised by ONNX Runtime", { cause });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A plan that answers as the prepared model in the folder does, or why there is none. */
async function planOf(
  folder: string,
  model: Uint8Array,
  graph: Uint8Array,
  weights: Uint8Array | undefined,
  precision: ServingFiles['precision'],
): Promise<Uint8Array | NoPlan> {
  const [planFile, weightsFile] = [join(folder, names.plan), join(folder, names.weights)];
  try {
    const plan = makePlan(model, graph, weights);
    await writeFile(planFile, plan);
    const { InferenceSession, Tensor } = await loadOnnxRuntime();
    const session = await InferenceSession.create(join(folder, names.model), {
      ...preparedOptions,
      // Some samples are longer than what some models have positions for.
      logSeverityLevel: 4,
    });
    await provePlan(planFile, weights && weightsFile, session, Tensor, precision).finally(() =>
      session.release(),
    );
    return plan;
  } catch (error) {
    if (error instanceof NoPlan) return error;
    if (error instanceof RangeError)
      return new NoPlan(`it can't be read: ${error.message}`, { cause: error });
    throw error;
  }
}
