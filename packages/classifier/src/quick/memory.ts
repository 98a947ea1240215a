import { read, readSync } from 'node:fs';
import { kernelsWasm } from './kernels.wasm.ts';
import { type Bytes, type Floats, type Stored, sizeBytesOf, sizeOf, type Value } from './values.ts';

type Binary = (
  a: number,
  b: number,
  to: number,
  rows: number,
  columns: number,
  aRow: number,
  bRow: number,
  aStep: number,
  bStep: number,
) => void;
type Unary = (from: number, to: number, count: number) => void;
type Product = (a: number, b: number, to: number, m: number, k: number, n: number) => void;

/** The functions of kernels/kernels.wat.ts. */
export interface Kernels
  extends Record<'add' | 'sub' | 'mul' | 'div' | 'max' | 'min', Binary>,
    Record<
      'erf' | 'tanh' | 'exp' | 'sqrt' | 'negate' | 'relu' | 'sigmoid' | 'gelu' | 'widen' | 'extremes',
      Unary
    >,
    Record<'gemm' | 'narrowGemm', Product> {
  qgemm(...args: [...Parameters<Product>, aScale: number, bScale: number, bias: number]): void;
  softmax(from: number, to: number, rows: number, columns: number): void;
  sumRows(from: number, to: number, rows: number, columns: number): void;
  layerNorm(
    from: number,
    gain: number,
    offset: number,
    to: number,
    rows: number,
    columns: number,
    epsilon: number,
  ): void;
  quantize(from: number, to: number, count: number, scale: number, zero: number): void;
  strided(from: number, to: number, ...sizesThenSteps: number[]): void;
}

/** A piece of the memory, free again when the last value in it is. */
export interface Block {
  at: number;
  sizeBytes: number;
  uses: number;
}

/** Kernels may read and write as much past the end of a row. */
const spareBytes = 16;
const pageBytes = 1 << 16;
/** Weights that lie this near to each other are read together, so many bytes at once at most. */
const neighbourBytes = 1 << 12;
const mostAtOnce = 1 << 22;
const fewBytes = 1 << 20;

const readInto = (file: number, to: Uint8Array, at: number, sizeBytes: number, position: number) =>
  new Promise<number>((resolve, reject) => {
    read(file, to, at, sizeBytes, position, (error, sizeRead) => (error ? reject(error) : resolve(sizeRead)));
  });

/** The kernels and the memory they work in: weights, once they are used, and what is computed. */
export class Memory {
  readonly kernels: Kernels;
  readonly #memory: WebAssembly.Memory;
  readonly #files: number[];
  readonly #free = new Map<number, Block[]>();
  #used = 64;
  /** Up to here lie weights. */
  #kept = 64;
  #bytes: Uint8Array;

  /** `files` are the descriptors that stored weights are read from; `sizeBytes` is what will be needed at first, about. */
  constructor(files: number[], sizeBytes: number) {
    this.#files = files;
    this.#memory = new WebAssembly.Memory({ initial: 1 + Math.ceil(sizeBytes / pageBytes), maximum: 65536 });
    this.#bytes = new Uint8Array(this.#memory.buffer);
    const module = new WebAssembly.Module(Buffer.from(kernelsWasm, 'base64'));
    const { exports } = new WebAssembly.Instance(module, { quick: { memory: this.#memory } });
    this.kernels = exports as unknown as Kernels;
  }

  allocate(sizeBytes: number): Block {
    if (!(sizeBytes >= 0)) throw new RangeError(`a value of ${sizeBytes} bytes`);
    const rounded = Math.ceil((sizeBytes + spareBytes) / 64) * 64;
    const block = this.#free.get(rounded)?.pop() ?? { at: this.#take(rounded), sizeBytes: rounded, uses: 0 };
    block.uses = 1;
    return block;
  }

  floats(dims: number[]): Floats {
    return { type: 'float32', dims, block: this.allocate(sizeOf(dims) * 4) };
  }

  /** Takes a value out of use. Weights stay. */
  release(value: Value): void {
    if (value.type === 'int' || value.type === 'stored') return;
    const { block } = value;
    if (--block.uses) return;
    const { sizeBytes } = block;
    const free = this.#free.get(sizeBytes);
    if (free) free.push(block);
    else this.#free.set(sizeBytes, [block]);
  }

  /** Takes all values out of use, those that a run left behind when it threw as well. Weights stay. */
  clear(): void {
    this.#used = this.#kept;
    this.#free.clear();
  }

  /** The address of a value's numbers, read from their file if they weren't yet. */
  at(value: Value | undefined, type: 'float32' | 'int8' = 'float32'): number {
    if (value?.type === 'stored') {
      value.resident ??= this.#read(value);
      return this.at(value.resident, type);
    }
    if (value?.type !== type) throw new TypeError(`${type} is asked for, ${value?.type} given`);
    return value.block.at;
  }

  /** Reads weights that every text needs, neighbours together, while the thread does something else. */
  async load(weights: Stored[]): Promise<void> {
    const ranges: { file: number; from: number; to: number; weights: Stored[] }[] = [];
    for (const weight of weights.toSorted((a, b) => a.file - b.file || a.offset - b.offset)) {
      const end = weight.offset + sizeBytesOf(weight.elements, weight.dims);
      const last = ranges.at(-1);
      if (
        last?.file === weight.file &&
        weight.offset - last.to < neighbourBytes &&
        end - last.from < mostAtOnce
      ) {
        last.to = Math.max(last.to, end);
        last.weights.push(weight);
      } else ranges.push({ file: weight.file, from: weight.offset, to: end, weights: [weight] });
    }
    const places = ranges.map((range) => ({ ...range, block: this.allocate(range.to - range.from) }));
    this.#kept = this.#used;
    // Nothing may be allocated until they are read: a memory that grows leaves the old buffer behind.
    await Promise.all(
      places.map(async ({ file, from, to, block }) => {
        // A few are here sooner than a thread that would fetch them.
        if (to - from < fewBytes) return this.#fill(file, from, block.at, to - from);
        requireWhole(await readInto(this.#files[file]!, this.#bytes, block.at, to - from, from), to - from);
      }),
    );
    for (const { block, from, weights } of places)
      for (const weight of weights) {
        const { elements, dims, offset } = weight;
        weight.resident = { type: elements, dims, block: { ...block, at: block.at + offset - from } };
      }
  }

  /** Rows `indices` of a stored table, read from its file, neighbours together. */
  rows(table: Stored, indices: Int32Array, dims: number[]): Floats | Bytes {
    const { elements, file, offset } = table;
    const rowBytes = sizeBytesOf(elements, table.dims.slice(1));
    const block = this.allocate(indices.length * rowBytes);
    for (let at = 0; at < indices.length; ) {
      const first = indices[at]!;
      let count = 1;
      while (indices[at + count] === first + count) count++;
      this.#fill(file, offset + first * rowBytes, block.at + at * rowBytes, count * rowBytes);
      at += count;
    }
    return { type: elements, dims, block };
  }

  view(value: Floats): Float32Array {
    return new Float32Array(this.#memory.buffer, value.block.at, sizeOf(value.dims));
  }

  copy(from: number, to: number, sizeBytes: number): void {
    this.#bytes.copyWithin(to, from, from + sizeBytes);
  }

  #read({ elements, dims, file, offset }: Stored): Floats | Bytes {
    const sizeBytes = sizeBytesOf(elements, dims);
    const block = this.allocate(sizeBytes);
    this.#kept = this.#used;
    this.#fill(file, offset, block.at, sizeBytes);
    return { type: elements, dims, block };
  }

  #fill(file: number, position: number, to: number, sizeBytes: number): void {
    requireWhole(readSync(this.#files[file]!, this.#bytes, to, sizeBytes, position), sizeBytes);
  }

  #take(sizeBytes: number): number {
    const at = this.#used;
    const missing = at + sizeBytes - this.#memory.buffer.byteLength;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / pageBytes));
      this.#bytes = new Uint8Array(this.#memory.buffer);
    }
    this.#used = at + sizeBytes;
    return at;
  }
}

function requireWhole(sizeRead: number, sizeBytes: number): void {
  if (sizeRead !== sizeBytes) throw new RangeError(`the weights end ${sizeBytes - sizeRead} bytes early`);
}
