import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { StateError } from '../errors.ts';

/**
 * Replaces a JSON file in one step: a reader, also after `kill -9`, sees the old content or the new, never half.
 * Synchronous, so that state is on disk before the client hears of it and no two writes interleave.
 */
export function writeJsonFile(path: string, value: unknown): void {
  const temporary = `${path}.tmp`;
  writeFileSync(temporary, JSON.stringify(value));
  renameSync(temporary, path);
}

/** Reads what `writeJsonFile` wrote; `undefined` when there is no such file, `StateError` when it isn't JSON. */
export function readJsonFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new StateError(path, 'is not valid JSON', { cause });
  }
}
