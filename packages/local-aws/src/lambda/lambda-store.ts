import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AwsError } from '../errors.ts';
import { readJsonFile, writeJsonFile } from '../state/json-file.ts';
import { functionArn, type LambdaFunction } from './function.ts';

/** All functions, each a JSON file that is replaced as a whole; without a folder only in memory. */
export class LambdaStore {
  readonly #folder: string | undefined;
  readonly #functions = new Map<string, LambdaFunction>();

  constructor(folder?: string) {
    this.#folder = folder;
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    for (const file of readdirSync(folder)) {
      if (!file.endsWith('.json')) continue;
      // Only `save` writes here, so the shape is its own.
      const found = readJsonFile(join(folder, file)) as LambdaFunction;
      this.#functions.set(found.name, found);
    }
  }

  get all(): LambdaFunction[] {
    return [...this.#functions.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  find(name: string): LambdaFunction | undefined {
    return this.#functions.get(name);
  }

  /** The function; throws ResourceNotFoundException. */
  get(name: string): LambdaFunction {
    const found = this.#functions.get(name);
    if (!found)
      throw new AwsError('ResourceNotFoundException', `Function not found: ${functionArn(name)}`, 404);
    return found;
  }

  save(changed: LambdaFunction): void {
    if (this.#folder !== undefined) writeJsonFile(join(this.#folder, `${changed.name}.json`), changed);
    this.#functions.set(changed.name, changed);
  }

  delete(name: string): void {
    if (this.#folder !== undefined) rmSync(join(this.#folder, `${name}.json`), { force: true });
    this.#functions.delete(name);
  }
}
