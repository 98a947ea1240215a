import { ShapeError } from '../errors.ts';
import type { Dimension } from '../model.ts';

/**
 * The product of sizes in one spelling: '64*batch*windows', numbers first, names sorted.
 * So two shapes hold equally many elements when their products are equal.
 */
export function multiply(...dimensions: Dimension[]): Dimension {
  let known = 1;
  const names: string[] = [];
  for (const dimension of dimensions)
    for (const factor of String(dimension).split('*')) {
      if (/^\d+$/.test(factor)) known *= Number(factor);
      else names.push(factor);
    }
  if (known === 0 || names.length === 0) return known;
  return [...(known === 1 ? [] : [known]), ...names.sort()].join('*');
}

/** The shape two operands take together, numpy's way. Throws ShapeError when they don't fit. */
export function broadcast(
  operation: string,
  left: readonly Dimension[],
  right: readonly Dimension[],
): Dimension[] {
  const rank = Math.max(left.length, right.length);
  return Array.from({ length: rank }, (_, axis) => {
    const a = left[left.length - rank + axis] ?? 1;
    const b = right[right.length - rank + axis] ?? 1;
    if (a !== b && a !== 1 && b !== 1)
      throw new ShapeError(
        `${operation}: ${show(left)} and ${show(right)} do not broadcast (${a} against ${b})`,
      );
    return a === 1 ? b : a;
  });
}

export function sameShape(left: readonly Dimension[], right: readonly Dimension[]): boolean {
  return left.length === right.length && left.every((size, axis) => size === right[axis]);
}

/** A shape for a message: [2, batch]. */
export function show(shape: readonly Dimension[]): string {
  return `[${shape.join(', ')}]`;
}
