import { ShapeError } from './errors.ts';

/** A JSON object, or a ShapeError saying where there is none. */
export function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw shapeError(where, 'an object');
  return value as Record<string, unknown>;
}

/** Text, or a ShapeError saying where there is none. */
export function string(value: unknown, where: string): string {
  if (typeof value !== 'string') throw shapeError(where, 'text');
  return value;
}

/** A finite number, or a ShapeError saying where there is none. */
export function number(value: unknown, where: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw shapeError(where, 'a number');
  return value;
}

/** The error for a value that is not what its place asks for. */
export function shapeError(where: string, what: string): ShapeError {
  return new ShapeError(`${where} is not ${what}`);
}
