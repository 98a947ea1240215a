import { kernelsWasm } from './kernels.wasm.ts';

/** The functions of kernels.wat; addresses and sizes in bytes, sizes multiples of 16. */
export interface Kernels {
  adamw(
    weight: number,
    gradient: number,
    mean: number,
    square: number,
    sizeBytes: number,
    rate: number,
    keep: number,
    correction: number,
    clip: number,
  ): void;
  replay(
    weight: number,
    mean: number,
    square: number,
    sizeBytes: number,
    firstStep: number,
    endOfSteps: number,
  ): void;
  addRows(
    target: number,
    source: number,
    targetRows: number,
    sourceRows: number,
    count: number,
    rowBytes: number,
  ): void;
  sumOfSquares(source: number, sizeBytes: number): number;
  mask(target: number, sizeBytes: number, state: number, threshold: number, scale: number): void;
}

/** Float32 and int32 arrays side by side in one WebAssembly memory, and the kernels that work on them. */
export class Arena {
  readonly kernels: Kernels;
  readonly #memory: WebAssembly.Memory;
  #used = 64;

  /** `sizeBytes` is all there will ever be: growing the memory would detach every array handed out. */
  constructor(sizeBytes: number) {
    const pages = Math.ceil((sizeBytes + 64) / 65536);
    if (pages > 65536)
      throw new RangeError(`the model needs ${sizeBytes} bytes of weights; the most is 4 GiB`);
    this.#memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const module = new WebAssembly.Module(Buffer.from(kernelsWasm, 'base64'));
    const { exports } = new WebAssembly.Instance(module, { arena: { memory: this.#memory } });
    this.kernels = exports as unknown as Kernels;
  }

  /** Bytes an array of `length` takes: whole cache lines, so that kernels may work in steps of four lanes. */
  static sizeBytes(length: number): number {
    return Math.ceil(length / 16) * 64;
  }

  float32(length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#memory.buffer, this.#take(length), length);
  }

  int32(length: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.#memory.buffer, this.#take(length), length);
  }

  #take(length: number): number {
    const at = this.#used;
    this.#used += Arena.sizeBytes(length);
    if (this.#used > this.#memory.buffer.byteLength)
      throw new RangeError(`the arena of ${this.#memory.buffer.byteLength} bytes is full`);
    return at;
  }
}
