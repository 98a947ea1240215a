import { join } from 'node:path';
import { readJson } from './read-json.ts';

/** What a model is called. */
export interface ModelName {
  name: string;
  version: string;
}

/** The name and version in a bundle's manifest.json; throws naming the file. */
export async function readModelName(bundle: string): Promise<ModelName> {
  const path = join(bundle, 'manifest.json');
  const manifest = await readJson(path);
  if (typeof manifest === 'object' && manifest !== null && 'name' in manifest && 'version' in manifest) {
    const { name, version } = manifest;
    if (typeof name === 'string' && typeof version === 'string') return { name, version };
  }
  throw new Error(`${path} names no model: it needs a "name" and a "version"`);
}
