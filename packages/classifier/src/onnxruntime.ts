import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Loads ONNX Runtime with its own JavaScript, as only who makes or describes a model needs it. Since 1.29 it tells its
 * maker about each model and machine unless this is set before it is loaded.
 */
export function loadOnnxRuntime(): Promise<typeof import('onnxruntime-node')> {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  return import('onnxruntime-node');
}

// Who runs a model does without onnxruntime-node's own JavaScript, which is fifty files over this binding, 5 ms of each
// cold start, and hands each run to the event loop. The binding is private to the package, so the package is pinned.

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

/** A loaded model. It runs at once: the thread is busy until it is done, as it would be if it began later. */
export interface NativeSession {
  readonly inputMetadata: { name: string }[];
  readonly outputMetadata: { name: string }[];
  run(feeds: Record<string, Tensor>, fetches: Record<string, null>, options: object): Record<string, Tensor>;
  dispose(): void;
}

interface Binding {
  InferenceSession: new () => NativeSession & { loadModel(path: string, options: object): void };
  initOrtOnce(logLevel: number, tensor: typeof Tensor, mainThread: boolean): void;
}

/** Loads a model from a file; throws ONNX Runtime's reason if it can't. */
export function openModel(file: string, options: object): NativeSession {
  const { InferenceSession } = loadBinding();
  const session = new InferenceSession();
  session.loadModel(file, options);
  return session;
}

const warning = 2;
// Until 1.31 a second start of the same kind in a thread ends the process (microsoft/onnxruntime#32464): this code
// may be in it twice, bundled and not, and starts it in the way that onnxruntime-node doesn't.
const started = Symbol.for('@mainline/classifier: onnxruntime_binding.node');
const mainThread = false;

function loadBinding(): Binding {
  const loaded: Binding | undefined = Reflect.get(globalThis, started);
  if (loaded) return loaded;
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  const { platform, arch } = process;
  const path = `bin/napi-v6/${platform}/${arch}/onnxruntime_binding.node`;
  const library: { exports: unknown } = { exports: {} };
  // What require() does in the end, without the loader of CommonJS modules that nothing else needs.
  process.dlopen(library, join(folderOf('onnxruntime-node'), path));
  const binding = library.exports as Binding;
  binding.initOrtOnce(warning, Tensor, mainThread);
  Reflect.set(globalThis, started, binding);
  return binding;
}

/** Where a package is installed for this file: what import.meta.resolve() finds as well, in half a millisecond more. */
function folderOf(name: string): string {
  for (let at = import.meta.dirname; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name);
    if (existsSync(folder)) return folder;
    if (at === dirname(at)) throw new Error(`${name} is not installed for ${import.meta.dirname}`);
  }
}
