/** A size, or a name for one that only a run knows: the same name is the same size. */
export type Extent = number | string;

/** A negative axis counts from the end. */
export const axisOf = (axis: number, shape: Extent[]): number => (axis < 0 ? axis + shape.length : axis);

/** A size that is like no other. */
export const unknown = (name: string, axis: number): string => `?${name}:${axis}`;

/** A product of extents: what is known of it as a number, and the names that it is multiplied by, in order. */
export function product(extents: Extent[]): { number: number; names: string[] } {
  const numbers = extents.filter((extent) => typeof extent === 'number');
  const names = extents.filter((extent) => typeof extent === 'string').sort();
  return { number: numbers.reduce((a, b) => a * b, 1), names };
}

/** The size of an axis from `start` to `end`. */
export function sliceExtent(extent: Extent, start: Extent, end: Extent, step: Extent): Extent | undefined {
  if (step !== 1 || typeof start === 'string') return undefined;
  // A table of positions cut to the length of a text: one longer than the table has no sum with its words.
  if (typeof end === 'string') return start === 0 ? end : undefined;
  if (typeof extent === 'string') return start === 0 ? endOfUnknown(extent, end) : undefined;
  const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + extent : at, 0), extent);
  return Math.max(clamp(end) - clamp(start), 0);
}

/** Nothing here has an extent of 0: a text has its special tokens. */
const endOfUnknown = (extent: string, end: number): Extent | undefined =>
  end >= 2 ** 31 - 1 ? extent : end === 1 ? 1 : undefined;

/** A shape in another; 0 copies a size if it may, -1 is whatever is left over. */
export function reshape(
  shape: Extent[] | undefined,
  wanted: Extent[],
  zeroCopies: boolean,
  name: string,
): Extent[] | undefined {
  const reshaped = wanted.map((extent, i) =>
    extent === 0 && zeroCopies ? (shape?.[i] ?? unknown(name, i)) : extent,
  );
  const open = reshaped.indexOf(-1);
  if (open < 0) return reshaped;
  const [whole, rest] = [shape && product(shape), product(reshaped.toSpliced(open, 1))];
  const names = [...(whole?.names ?? [])];
  for (const one of rest.names) {
    const at = names.indexOf(one);
    if (at < 0) return reshaped.with(open, unknown(name, open));
    names.splice(at, 1);
  }
  const number = (whole?.number ?? 0) / rest.number;
  const left = names.length ? (names.length === 1 && number === 1 ? names[0] : undefined) : number;
  return reshaped.with(open, whole && left !== undefined ? left : unknown(name, open));
}

/** The shape of two that are broadcast: different names may be the same size, or one of them 1, so that what comes of them is a third. */
export function broadcast(a: Extent[], b: Extent[], name: string): Extent[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    return typeof x === 'number' ? x : typeof y === 'number' ? y : unknown(name, i);
  });
}
