import { join } from 'node:path';
import { readJson } from './read-json.ts';

/** What a bundle's manifest says of its model, as far as actions tell it on. */
export interface Model {
  name: string;
  version: string;
  /** accuracy and mcc, where they were measured. */
  metrics: Record<string, number>;
}

/** Reads a bundle's manifest.json; throws naming the file. */
export async function readModel(bundle: string): Promise<Model> {
  const path = join(bundle, 'manifest.json');
  const manifest = await readJson(path);
  const [name, version, metrics] = ['name', 'version', 'metrics'].map((key) => member(manifest, key));
  if (typeof name !== 'string' || typeof version !== 'string')
    throw new Error(`${path} names no model: it needs a "name" and a "version"`);
  return {
    name,
    version,
    metrics: Object.fromEntries(
      ['accuracy', 'mcc'].flatMap((key) => {
        const value = member(metrics, key);
        return typeof value === 'number' ? [[key, value]] : [];
      }),
    ),
  };
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
