import { join } from 'node:path';

// The build puts this in the place of onnxruntime-node, whose own JavaScript over the same binding is fifty files and
// 5 ms of each cold start, and hands each run to the event loop. The binding is private to the package, so it is pinned.

/** Values in a shape: what goes into a model and comes out of it. */
export class Tensor {
  readonly type: string;
  readonly data: Float32Array | Int32Array | BigInt64Array;
  readonly dims: readonly number[];
  /** The binding asks for it. */
  readonly location = 'cpu';

  constructor(type: string, data: Float32Array | Int32Array | BigInt64Array, dims: readonly number[]) {
    this.type = type;
    this.data = data;
    this.dims = dims;
  }
}

interface NativeSession {
  loadModel(path: string, options: object): void;
  readonly inputMetadata: { name: string }[];
  readonly outputMetadata: { name: string }[];
  run(feeds: Record<string, Tensor>, fetches: Record<string, null>, options: object): Record<string, Tensor>;
  dispose(): void;
}

interface Binding {
  InferenceSession: new () => NativeSession;
  initOrtOnce(logLevel: number, tensor: typeof Tensor, mainThread: boolean): void;
}

const path = `node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}/onnxruntime_binding.node`;
const warning = 2;
let binding: Binding | undefined;

function loadBinding(): Binding {
  if (!binding) {
    // Since 1.29 the library tells its maker about each model and machine, unless this is set before it is loaded.
    process.env.ORT_DISABLE_TELEMETRY ??= '1';
    const library: { exports: unknown } = { exports: {} };
    // What require() does in the end, without the loader of CommonJS modules that nothing else needs.
    process.dlopen(library, join(import.meta.dirname, path));
    binding = library.exports as Binding;
    const mainThread = true;
    binding.initOrtOnce(warning, Tensor, mainThread);
  }
  return binding;
}

/** A loaded model, as far as @mainline/classifier uses onnxruntime-node's. */
export class InferenceSession {
  readonly inputNames: string[];
  readonly outputNames: string[];
  readonly #native: NativeSession;

  private constructor(native: NativeSession) {
    this.#native = native;
    this.inputNames = native.inputMetadata.map(({ name }) => name);
    this.outputNames = native.outputMetadata.map(({ name }) => name);
  }

  /** Loads a model from a file; rejects with ONNX Runtime's reason if it can't. */
  static async create(file: string, options: object): Promise<InferenceSession> {
    const native = new (loadBinding().InferenceSession)();
    native.loadModel(file, options);
    return new InferenceSession(native);
  }

  /** Runs at once: the thread is busy until it is done, which it would be as well if it began later. */
  async run(feeds: Record<string, Tensor>, outputs: string[]): Promise<Record<string, Tensor>> {
    return this.#native.run(feeds, Object.fromEntries(outputs.map((name) => [name, null])), {});
  }

  async release(): Promise<void> {
    this.#native.dispose();
  }
}
