import { GradientError, ShapeError } from '../errors.ts';
import type { Attribute, DataType, Dimension, Model, Node, Tensor } from '../model.ts';
import { multiply, show } from './dimension.ts';
import type { Value } from './value.ts';

/** One differentiable step: which gradients of its inputs follow from those of its outputs. */
export interface TapeEntry {
  inputs: Value[];
  outputs: Value[];
  backward: Backward;
}

/**
 * Emits the gradient of each input, given those of the outputs (in order; undefined where nothing depends on it).
 * A function per input, so that only the gradients someone asked for are emitted.
 */
export type Backward = (gradients: (Value | undefined)[]) => (() => Value)[];

export interface GraphOptions {
  name?: string;
  /** ai.onnx operator set; 17 has LayerNormalization and is what most runtimes read. */
  opset?: number;
}

/** Builds an ONNX graph node by node and remembers how to differentiate it. */
export class Graph {
  readonly opset: number;
  readonly tape: TapeEntry[] = [];
  readonly #name: string;
  readonly #nodes: Node[] = [];
  readonly #initializers: Tensor[] = [];
  readonly #inputs: Value[] = [];
  readonly #outputs: Value[] = [];
  readonly #names = new Set<string>();
  readonly #constants = new Map<string, Value>();
  readonly #dimensions = new Map<string, Value>();
  readonly #tracked = new Set<Value>();
  #recording = true;

  constructor(options: GraphOptions = {}) {
    this.#name = options.name ?? 'graph';
    this.opset = options.opset ?? 17;
  }

  /** A tensor given at each run. Sizes may be names: ['batch', 64]. */
  input(name: string, shape: readonly Dimension[], dtype: DataType = 'float32'): Value {
    const value = this.#define(name, dtype, shape);
    this.#inputs.push(value);
    return value;
  }

  /** A constant that lies in the model; its element type is that of the array. */
  initializer(name: string, shape: readonly number[], data: Float32Array | BigInt64Array): Value {
    const length = shape.reduce((product, size) => product * size, 1);
    if (data.length !== length)
      throw new ShapeError(`initializer ${name}: ${show(shape)} takes ${length} values, not ${data.length}`);
    const dtype = data instanceof Float32Array ? 'float32' : 'int64';
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#initializers.push({ name, dtype, shape: [...shape], data: bytes });
    return this.#define(name, dtype, shape);
  }

  /** A float32 constant of shape []; equal ones are one. */
  scalar(number: number): Value {
    return this.#constant(`scalar_${number}`, [], Float32Array.of(number));
  }

  /** An int64 constant of shape [n]; equal ones are one. */
  integers(numbers: readonly number[]): Value {
    return this.#constant(
      `integers_${numbers.join('_')}`,
      [numbers.length],
      BigInt64Array.from(numbers, BigInt),
    );
  }

  /** An int64 constant of shape []; equal ones are one. */
  integer(number: number): Value {
    return this.#constant(`integer_${number}`, [], BigInt64Array.of(BigInt(number)));
  }

  /** Calls one operator. A differentiable operation wraps its calls in `differentiable`. */
  emit(
    operator: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly { shape: readonly Dimension[]; dtype?: DataType }[],
    attributes: Record<string, Attribute> = {},
  ): Value[] {
    const lost = this.#recording && inputs.find((input) => input && this.#tracked.has(input));
    if (lost)
      throw new GradientError(
        `${operator} of ${lost.name}: ${operator} has no gradient here, so that of ${lost.name} would be lost. ` +
          'Track its result instead, or build it from differentiable operations.',
      );
    const values = outputs.map(({ shape, dtype }) =>
      this.#define(this.#freshName(operator), dtype ?? 'float32', shape),
    );
    this.#nodes.push({
      operator,
      domain: '',
      inputs: inputs.map((input) => input?.name ?? ''),
      outputs: values.map((value) => value.name),
      attributes,
    });
    return values;
  }

  /** Makes `name` an output of the model. */
  output(name: string, value: Value): void {
    this.#names.add(name);
    this.#nodes.push({
      operator: 'Identity',
      domain: '',
      inputs: [value.name],
      outputs: [name],
      attributes: {},
    });
    this.#outputs.push({ ...value, name });
  }

  /** Marks a value whose gradient will be asked for; operations on it are recorded from here on. */
  track(value: Value): Value {
    this.#tracked.add(value);
    return value;
  }

  isTracked(value: Value): boolean {
    return this.#tracked.has(value);
  }

  /** Runs `forward`, and records `backward` for its results when an input is tracked. */
  differentiable(inputs: Value[], forward: () => Value[], backward: Backward): Value[] {
    const outputs = this.untracked(forward);
    if (this.#recording && inputs.some((input) => this.#tracked.has(input))) {
      for (const output of outputs) this.#tracked.add(output);
      this.tape.push({ inputs, outputs, backward });
    }
    return outputs;
  }

  /** Emits without recording: inside an operation, and for the backward pass itself. */
  untracked<Result>(build: () => Result): Result {
    const recording = this.#recording;
    this.#recording = false;
    try {
      return build();
    } finally {
      this.#recording = recording;
    }
  }

  /** The size called `name` as an int64 of shape [1], read from an input that has it as a dimension. */
  dimension(name: string): Value {
    const known = this.#dimensions.get(name);
    if (known) return known;
    const input = this.#inputs.find(({ shape }) => shape.includes(name));
    if (!input) throw new ShapeError(`no input has a dimension called ${name}`);
    const axis = input.shape.indexOf(name);
    const [size] = this.untracked(() =>
      this.emit('Shape', [input], [{ shape: [1], dtype: 'int64' }], {
        start: { int: axis },
        end: { int: axis + 1 },
      }),
    );
    this.#dimensions.set(name, size!);
    return size!;
  }

  /** The model as it stands. Element counts of inputs with named sizes are checked when it runs. */
  toModel(metadata: Record<string, string> = {}): Model {
    return {
      irVersion: 8,
      producer: 'mainline',
      opsets: { '': this.opset },
      metadata,
      graph: {
        name: this.#name,
        nodes: this.#nodes,
        initializers: this.#initializers,
        inputs: this.#inputs.map(describe),
        outputs: this.#outputs.map(describe),
      },
    };
  }

  #define(name: string, dtype: DataType, shape: readonly Dimension[]): Value {
    if (this.#names.has(name)) throw new ShapeError(`there is a value called ${name} already`);
    this.#names.add(name);
    return { graph: this, name, dtype, shape: shape.map((size) => multiply(size)) };
  }

  #freshName(operator: string): string {
    return `${operator}_${this.#nodes.length}_${this.#names.size}`;
  }

  #constant(name: string, shape: number[], data: Float32Array | BigInt64Array): Value {
    let value = this.#constants.get(name);
    if (!value) {
      value = this.initializer(name, shape, data);
      this.#constants.set(name, value);
    }
    return value;
  }
}

function describe({ name, dtype, shape }: Value) {
  return { name, dtype, shape: [...shape] };
}
