import { otherInput } from '../onnx/graph.ts';
import type { Attributes } from './ops.ts';

/** A node of a model before its values are numbered. */
export interface Node {
  op: string;
  /** Empty where an optional one is missing. */
  inputs: string[];
  output: string;
  attributes: Attributes;
}

/**
 * Puts together what a kernel does in one: the five nodes that exporters write for x · (1 + erf(x / √2)) / 2.
 * `numberOf` tells the value of a constant that is one number; `output` is the model's.
 */
export function fuse(nodes: Node[], output: string, numberOf: (name: string) => number | undefined): Node[] {
  const users = new Map<string, Node[]>();
  for (const node of nodes)
    for (const name of node.inputs) users.set(name, [...(users.get(name) ?? []), node]);
  const makers = new Map(nodes.map((node) => [node.output, node]));
  /** The only node that reads a value, if there is one. */
  const onlyUser = (name: string): Node | undefined => {
    const found = users.get(name) ?? [];
    return found.length === 1 && name !== output ? found[0] : undefined;
  };
  const replaced = new Map<Node, Node | undefined>();

  for (const node of nodes) {
    const chain = node.op === 'Erf' ? geluAround(node) : undefined;
    if (!chain) continue;
    const { input, last } = chain;
    for (const part of chain.nodes) replaced.set(part, undefined);
    replaced.set(last, { op: 'Gelu', inputs: [input], output: last.output, attributes: {} });
  }
  return nodes.flatMap((node) => (replaced.has(node) ? (replaced.get(node) ?? []) : node));

  function geluAround(erf: Node): { input: string; nodes: Node[]; last: Node } | undefined {
    const scale = makers.get(erf.inputs[0]!);
    const plus = onlyUser(erf.output);
    if (
      !scale ||
      onlyUser(scale.output) !== erf ||
      plus?.op !== 'Add' ||
      !isNumber(otherInput(plus, erf.output), 1)
    )
      return;
    const input = scaledBy(scale);
    const factors = input === undefined ? undefined : product(plus, input);
    return input === undefined || !factors
      ? undefined
      : { input, nodes: [scale, erf, plus, ...factors.nodes], last: factors.last };
  }

  /** x, of x / √2 however it is written. */
  function scaledBy({ op, inputs: [x = '', by = ''] }: Node): string | undefined {
    if (op === 'Div' && isNumber(by, Math.SQRT2)) return x;
    if (op !== 'Mul') return;
    if (isNumber(by, Math.SQRT1_2)) return x;
    return isNumber(x, Math.SQRT1_2) ? by : undefined;
  }

  /** The two products that make gate · x · ½, in whichever order. */
  function product(gate: Node, x: string): { nodes: Node[]; last: Node } | undefined {
    const first = onlyUser(gate.output);
    if (first?.op !== 'Mul') return;
    const factor = otherInput(first, gate.output);
    const half = makers.get(factor);
    // gate · (x · ½)
    if (
      half?.op === 'Mul' &&
      half.inputs.includes(x) &&
      isNumber(otherInput(half, x), 0.5) &&
      onlyUser(factor) === first
    )
      return { nodes: [half, first], last: first };
    const second = onlyUser(first.output);
    if (second?.op !== 'Mul') return;
    const rest = otherInput(second, first.output);
    // (gate · x) · ½ or (gate · ½) · x
    const fits = factor === x ? isNumber(rest, 0.5) : isNumber(factor, 0.5) && rest === x;
    return fits ? { nodes: [first, second], last: second } : undefined;
  }

  function isNumber(name: string, expected: number): boolean {
    const value = numberOf(name);
    return value !== undefined && Math.abs(value - expected) < 1e-6;
  }
}
