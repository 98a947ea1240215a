import { axisOf, broadcast, type Extent, product, reshape, sliceExtent, unknown } from './extents.ts';
import {
  dimsOf,
  elementType,
  type Graph,
  integerOf,
  integersOf,
  microsoft,
  type Node,
  readIntegers,
  tensorOf,
} from './graph.ts';

/** What is known of a value before any run. */
export interface Known {
  shape?: Extent[] | undefined;
  /** Its elements, if it is a whole number or a short list of them: shapes are computed from such. */
  elements?: Extent[] | undefined;
}

/** Operators that compute each element from the one element of each input that is in its place, broadcast or not. */
export const unary = [
  ...[
    'Erf',
    'Tanh',
    'Gelu',
    'Relu',
    'Sqrt',
    'Sigmoid',
    'Neg',
    'Abs',
    'Exp',
    'Log',
    'Not',
    'IsNaN',
    'Reciprocal',
  ],
  ...['Identity', 'Cast', 'Dropout'],
];
export const binary = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Min', 'Max', 'Where', 'And', 'Or'],
  ...['Equal', 'Less', 'Greater', 'LessOrEqual', 'GreaterOrEqual', `${microsoft}.BiasGelu`],
];
/** Operators whose last inputs are as long as what is normalised. */
export const layerNorms = ['LayerNormalization', `${microsoft}.SkipLayerNormalization`];
export const reductions = ['ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin'];

/** An operator's name, with its domain if it isn't ONNX's own. */
export const operator = ({ domain, type }: Node): string => (domain ? `${domain}.${type}` : type);

/** Works out the shapes of a graph's values, as far as its operators are among those that encoders are made of. */
export function inferShapes({ nodes, tensors, inputs, declared }: Graph): Map<string, Known> {
  const known = new Map<string, Known>();
  for (const { name, dims } of inputs) known.set(name, { shape: dims && complete(dims, name) });
  for (const [name, bytes] of tensors) known.set(name, ofTensor(bytes));
  const hints = new Map(declared.map(({ name, dims }) => [name, dims]));
  for (const node of nodes) {
    const [name = ''] = node.outputs;
    const found = rules[operator(node)]?.(node, (at) => known.get(node.inputs[at] ?? ''));
    const hint = hints.get(name);
    known.set(name, { ...found, shape: found?.shape ?? (hint && complete(hint, name)) });
  }
  return known;
}

type Rule = (node: Node, input: (at: number) => Known | undefined) => Known | undefined;

const longestList = 16;

const sameAsInput: Rule = (_, input) => ({ shape: input(0)?.shape });
const broadcasting: Rule = (node, input) => {
  const inputs = node.inputs.map((_, at) => input(at));
  const shape = inputs
    .map((known) => known?.shape)
    .reduce((a, b) => a && b && broadcast(a, b, node.outputs[0]!), []);
  const length = Math.max(...inputs.map((known) => known?.elements?.length ?? Infinity));
  if (!(length <= longestList)) return { shape };
  // Only of lists as long as each other, or of one.
  const elements = Array.from({ length }, (_, i) =>
    compute(
      node.type,
      inputs.map(({ elements = [] } = {}) => elements[elements.length === 1 ? 0 : i]),
    ),
  );
  return { shape, elements: all(elements) };
};

/** What exporters do to shapes before they expand to them. */
function compute(type: string, [a, b, c]: (Extent | undefined)[]): Extent | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (type === 'Where') return typeof a === 'number' ? (a ? b : c) : undefined;
  // No size is negative.
  if (type === 'Equal' && (a === -1 || b === -1)) return a === b ? 1 : 0;
  if (typeof a === 'string' || typeof b === 'string') return undefined;
  if (type === 'Mul') return a * b;
  return type === 'Add' ? a + b : undefined;
}

const all = (elements: (Extent | undefined)[]): Extent[] | undefined =>
  elements.every((element) => element !== undefined) ? elements : undefined;
const passing: Rule = (_, input) => input(0);

const rules: Record<string, Rule> = {
  ...Object.fromEntries([...unary, ...layerNorms, 'Softmax', 'CumSum'].map((type) => [type, sameAsInput])),
  ...Object.fromEntries(binary.map((type) => [type, broadcasting])),
  ...Object.fromEntries(reductions.map((type) => [type, reduce])),
  Constant: (node) => {
    const tensor = tensorOf(node, 'value');
    const one = integerOf(node, 'value_int');
    const several = integersOf(node, 'value_ints');
    if (tensor) return ofTensor(tensor);
    if (several) return { shape: [several.length], elements: several };
    return one === undefined ? undefined : { shape: [], elements: [one] };
  },
  Identity: passing,
  Cast: (node, input) => {
    const isWhole = [elementType.int32, elementType.int64].includes(integerOf(node, 'to') ?? 0);
    return { shape: input(0)?.shape, elements: isWhole ? input(0)?.elements : undefined };
  },
  Shape: (node, input) => {
    const shape = input(0)?.shape?.slice(integerOf(node, 'start') ?? 0, integerOf(node, 'end'));
    return shape && { shape: [shape.length], elements: shape };
  },
  Gather: (node, input) => {
    const [data, indices] = [input(0), input(1)];
    if (!data?.shape || !indices?.shape) return undefined;
    const axis = axisOf(integerOf(node, 'axis') ?? 0, data.shape);
    const elements = indices.elements?.map((index) => data.elements?.at(Number(index)));
    return {
      shape: data.shape.toSpliced(axis, 1, ...indices.shape),
      elements: elements && all(elements),
    };
  },
  GatherElements: (_, input) => ({ shape: input(1)?.shape }),
  Slice: slice,
  Concat: (node, input) => {
    const parts = node.inputs.map((_, at) => input(at));
    const elements = parts.flatMap((part) => (part?.shape?.length === 1 && part.elements) || [undefined]);
    const [first, ...rest] = parts.map((part) => part?.shape);
    if (!first) return undefined;
    const axis = axisOf(integerOf(node, 'axis') ?? 0, first);
    const along = product([first, ...rest].map((shape) => shape?.[axis] ?? '?'));
    const sum = [first, ...rest].reduce((total, shape) => total + Number(shape?.[axis]), 0);
    return {
      shape: first.with(axis, along.names.length ? unknown(node.outputs[0]!, axis) : sum),
      elements: all(elements),
    };
  },
  Unsqueeze: (node, input) => {
    const [shape, axes] = [input(0)?.shape, axesOf(node, input(1))];
    if (!shape || !axes) return undefined;
    const rank = shape.length + axes.length;
    const unsqueezed = [...shape];
    const places = axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
    for (const axis of places) unsqueezed.splice(axis, 0, 1);
    return { shape: unsqueezed, elements: input(0)?.elements };
  },
  Squeeze: (node, input) => {
    const shape = input(0)?.shape;
    const ones =
      shape?.every((extent) => typeof extent === 'number') &&
      shape.flatMap((extent, i) => (extent === 1 ? [i] : []));
    const axes = axesOf(node, input(1)) ?? (node.inputs.length === 1 && ones);
    if (!shape || !axes) return undefined;
    const gone = axes.map((axis) => axisOf(axis, shape));
    return { shape: shape.filter((_, i) => !gone.includes(i)), elements: input(0)?.elements };
  },
  Transpose: (node, input) => {
    const shape = input(0)?.shape;
    const perm = integersOf(node, 'perm') ?? shape?.map((_, i) => shape.length - 1 - i);
    return { shape: shape && perm?.map((axis) => shape[axis]!) };
  },
  Reshape: (node, input) => {
    const [shape, wanted] = [input(0)?.shape, input(1)?.elements];
    const reshaped = wanted && reshape(shape, wanted, !integerOf(node, 'allowzero'), node.outputs[0]!);
    return { shape: reshaped, elements: input(0)?.elements };
  },
  Expand: (node, input) => {
    const [shape, rank] = [input(0)?.shape, input(1)?.shape?.[0]];
    const wanted = input(1)?.elements ?? (typeof rank === 'number' ? unknowns(rank, node) : undefined);
    return { shape: shape && wanted && broadcast(shape, wanted, node.outputs[0]!) };
  },
  ConstantOfShape: (node, input) => {
    const rank = input(0)?.shape?.[0];
    const shape = input(0)?.elements ?? (typeof rank === 'number' ? unknowns(rank, node) : undefined);
    const value = tensorOf(node, 'value');
    const [filling] = value ? (readIntegers(value) ?? []) : [];
    const length = shape?.length === 1 ? shape[0] : undefined;
    const isShort = typeof length === 'number' && length <= longestList && filling !== undefined;
    return { shape, elements: isShort ? Array<number>(length).fill(filling) : undefined };
  },
  Range: (node, input) => {
    const [start, limit, step] = [0, 1, 2].map((at) => input(at)?.elements?.[0]);
    return {
      shape: [start === 0 && step === 1 && limit !== undefined ? limit : unknown(node.outputs[0]!, 0)],
    };
  },
  MatMul: (node, input) => {
    const [a, b] = [input(0)?.shape, input(1)?.shape];
    if (!a || !b || a.length < 2 || b.length < 2) return undefined;
    return { shape: [...broadcast(a.slice(0, -2), b.slice(0, -2), node.outputs[0]!), a.at(-2)!, b.at(-1)!] };
  },
  Gemm: (node, input) => {
    const [a, b] = [input(0)?.shape, input(1)?.shape];
    if (!a || !b) return undefined;
    return { shape: [a[integerOf(node, 'transA') ? 1 : 0]!, b[integerOf(node, 'transB') ? 0 : 1]!] };
  },
};
function reduce(node: Node, input: (at: number) => Known | undefined): Known | undefined {
  const [shape, axes] = [input(0)?.shape, axesOf(node, input(1))];
  if (!shape || !axes?.length) return undefined;
  const gone = axes.map((axis) => axisOf(axis, shape));
  const left = (integerOf(node, 'keepdims') ?? 1) ? [1] : [];
  return { shape: shape.flatMap((extent, i) => (gone.includes(i) ? left : [extent])) };
}

function slice(node: Node, input: (at: number) => Known | undefined): Known | undefined {
  const shape = input(0)?.shape;
  const [starts, ends] = [input(1)?.elements, input(2)?.elements];
  if (!shape || !starts || !ends) return undefined;
  const axes = node.inputs[3] ? input(3)?.elements : starts.map((_, i) => i);
  const steps = node.inputs[4] ? input(4)?.elements : starts.map(() => 1);
  if (!axes || !steps) return undefined;
  const sliced = [...shape];
  for (const [i, at] of axes.entries()) {
    const axis = axisOf(Number(at), shape);
    sliced[axis] =
      sliceExtent(shape[axis]!, starts[i]!, ends[i]!, steps[i]!) ?? unknown(node.outputs[0]!, axis);
  }
  const list = shape.length === 1 && steps[0] === 1 ? input(0)?.elements : undefined;
  const [from, to] = [starts[0], ends[0]];
  const whole = typeof from === 'number' && typeof to === 'number';
  return { shape: sliced, elements: whole ? list?.slice(from, to) : undefined };
}

function ofTensor(bytes: Uint8Array): Known {
  const shape = dimsOf(bytes);
  const short = shape.length < 2 && (shape[0] ?? 1) <= longestList;
  return { shape, elements: short ? readIntegers(bytes) : undefined };
}

/** The axes that a node is about: an attribute of older operators, an input of newer ones. */
export function axesOf(node: Node, input: Known | undefined): number[] | undefined {
  const axes: Extent[] | undefined = integersOf(node, 'axes') ?? input?.elements;
  return axes?.every((axis) => typeof axis === 'number') ? axes : undefined;
}

const unknowns = (rank: number, node: Node): Extent[] =>
  Array.from({ length: rank }, (_, i) => unknown(node.outputs[0]!, i));
const complete = (dims: (Extent | undefined)[], name: string): Extent[] =>
  dims.map((extent, axis) => extent ?? unknown(name, axis));
