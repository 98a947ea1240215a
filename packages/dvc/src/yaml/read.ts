import { readFileSync } from 'node:fs';
import { InvalidFile } from '../errors.ts';
import { parseYaml } from './parse.ts';
import type { YamlText } from './tree.ts';

/** A YAML file; throws InvalidFile, naming it, where it is none. */
export const readYaml = (file: string): YamlText => parseYamlOf(readText(file), file);

/** The text of a file that must be UTF-8: bytes that are not would be lost when it is written again. */
export function readText(file: string): string {
  const bytes = readFileSync(file);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new InvalidFile(`'${file}' is not valid in 'utf-8' encoding`, { cause, file });
  }
}

/** Parses what stands in `file`. */
export function parseYamlOf(text: string, file: string): YamlText {
  try {
    return parseYaml(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : cause;
    throw new InvalidFile(`'${file}' is not valid YAML: ${why}`, { cause, file });
  }
}
