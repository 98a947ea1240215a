import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { BundleError } from '../errors.ts';
import { knownInputs } from '../inputs.ts';
import { Memory } from './memory.ts';
import { type Attributes, ops } from './ops.ts';
import { type Ints, ints, type Stored, sizeBytesOf, type Value } from './values.ts';

/** A model as a quick start computes it; its values are numbered. Weights lie in files, and are read as they are used. */
export interface Plan {
  /** Which value each input is. */
  inputs: Record<string, number>;
  output: number;
  /** Multiplications by weights that a token costs. */
  tokenCost: number;
  /** A table is read by rows, as they are asked for. */
  weights: (Pick<Stored, 'elements' | 'dims' | 'file' | 'offset'> & { value: number; isTable: boolean })[];
  constants: { value: number; dims: number[]; data: number[] }[];
  nodes: PlanNode[];
}

export interface PlanNode {
  op: string;
  /** -1 where an optional one is missing. */
  inputs: number[];
  output: number;
  attributes: Attributes;
  /** Values that no later node needs. */
  last: number[];
}

/** 'MLQ1', little-endian: then the length of the JSON, the JSON, and the weights that no other file has. */
const magic = 0x31_51_4c_4d;
const headBytes = 8;
/** Where a weight lies in a file: a multiple of this from where the file's weights begin. */
export const alignment = 16;

const weightsAt = (jsonBytes: number): number => Math.ceil((headBytes + jsonBytes) / alignment) * alignment;

/** A plan's file: its weights' offsets in file 0 count from where the weights begin. */
export function writePlan(plan: Plan, weights: Uint8Array): Uint8Array {
  const json = Buffer.from(JSON.stringify(plan));
  const begin = weightsAt(json.length);
  const bytes = new Uint8Array(begin + weights.length);
  new Uint32Array(bytes.buffer, 0, 2).set([magic, json.length]);
  bytes.set(json, headBytes);
  bytes.set(weights, begin);
  return bytes;
}

/** A plan that is ready to be computed. */
export interface Machine {
  plan: Plan;
  /** The output for these inputs; rejects with a RangeError or TypeError on what the plan can't compute. */
  run(inputs: Record<string, Ints>): Promise<Float32Array>;
  /** Closes the files, once the runs that have begun are through; none may begin afterwards. */
  close(): void;
}

/** Opens a plan's file, and the other one that its weights may lie in. Throws a BundleError if the first is no plan. */
export function openPlan(...paths: string[]): Machine {
  const files: number[] = [];
  const closeFiles = () => {
    for (const file of files) closeSync(file);
  };
  try {
    for (const path of paths) files.push(openSync(path, 'r'));
    const { plan, begin } = readPlan(files[0]!);
    const { loaded, compute } = computer(plan, files, begin);
    const ready = loaded.catch((cause: unknown) => {
      throw new BundleError(paths.map((path) => basename(path)).join(' or '), "can't be read", { cause });
    });
    // Whoever runs it hears of it.
    ready.catch(() => {});
    return {
      plan,
      run: (inputs) => ready.then(() => compute(inputs)),
      close: () => void ready.then(closeFiles, closeFiles),
    };
  } catch (cause) {
    closeFiles();
    const hint = 'Export the model again';
    throw new BundleError(basename(paths[0]!), 'is not a plan of this version', { hint, cause });
  }
}

function readPlan(file: number): { plan: Plan; begin: number } {
  const read = (at: number, sizeBytes: number): Buffer => {
    const bytes = Buffer.alloc(sizeBytes);
    return bytes.subarray(0, readSync(file, bytes, 0, sizeBytes, at));
  };
  const head = read(0, headBytes);
  const length = head.length === headBytes && head.readUInt32LE(0) === magic ? head.readUInt32LE(4) : 0;
  if (!length || length > fstatSync(file).size) throw new RangeError(`a head of ${length} bytes`);
  return { plan: JSON.parse(read(headBytes, length).toString()), begin: weightsAt(length) };
}

/** Weights in file 0 begin at `begin`. */
function computer(
  plan: Plan,
  files: number[],
  begin: number,
): { loaded: Promise<void>; compute: (inputs: Record<string, Ints>) => Float32Array } {
  // What a session counts on; a node that can't be computed is its own to find out.
  const [inputs, operators] = [Object.keys(plan.inputs), plan.nodes.map(({ op }) => op)];
  if (
    !inputs.every((name) => Object.hasOwn(knownInputs, name)) ||
    !operators.every((op) => Object.hasOwn(ops, op)) ||
    !(plan.tokenCost >= 0)
  )
    throw new RangeError(`inputs ${inputs}, operators ${operators}, ${plan.tokenCost} for a token`);
  const fixed: (Value | undefined)[] = [];
  const needed: Stored[] = [];
  for (const { value, isTable, file, offset, ...weight } of plan.weights) {
    const stored: Stored = { type: 'stored', ...weight, file, offset: file === 0 ? begin + offset : offset };
    fixed[value] = stored;
    if (!isTable) needed.push(stored);
  }
  for (const { value, dims, data } of plan.constants) fixed[value] = ints(dims, data);
  const weightBytes = needed.reduce((sum, { elements, dims }) => sum + sizeBytesOf(elements, dims) + 64, 0);
  // And what a text of some twenty tokens needs; more is had by growing.
  const memory = new Memory(files, weightBytes + (1 << 20));
  const compute = (inputs: Record<string, Ints>) => {
    memory.clear();
    const values = [...fixed];
    for (const [name, value] of Object.entries(plan.inputs)) values[value] = inputs[name];
    for (const { op, inputs: from, output, attributes, last } of plan.nodes) {
      const operands = from.map((value) => values[value]);
      values[output] = ops[op]!(memory, operands, attributes);
      for (const value of last) {
        memory.release(values[value]!);
        values[value] = undefined;
      }
    }
    const result = values[plan.output];
    if (result?.type !== 'float32') throw new TypeError(`the output is ${result?.type}`);
    return memory.view(result).slice();
  };
  return { loaded: memory.load(needed), compute };
}
