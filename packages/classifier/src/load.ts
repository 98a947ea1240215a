import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Classifier, makeClassifier } from './classify.ts';
import { parseReference } from './drift.ts';
import { BundleError } from './errors.ts';
import { parseManifest } from './manifest.ts';
import { openSession } from './session.ts';
import { parseTokenizer } from './tokenizer.ts';
import { verifyFiles } from './verify.ts';

/**
 * Opens the model bundle in a folder: checks every file's size and SHA-256, then loads the tokenizer and the model.
 * Runs on one thread unless `threads` says otherwise. Throws a BundleError that names the file at fault.
 */
export async function load(folder: string, options: { threads?: number } = {}): Promise<Classifier> {
  const manifest = parseManifest(await readJson(folder, 'manifest.json'));
  await verifyFiles(folder, manifest.files);
  const tokenizer = parseTokenizer(await readJson(folder, manifest.tokenizer));
  const { reference: file } = manifest;
  const reference = file === undefined ? undefined : parseReference(await readJson(folder, file), manifest);
  const session = await openSession(folder, manifest, tokenizer, options.threads ?? 1);
  return makeClassifier(manifest, tokenizer, session, reference);
}

async function readJson(folder: string, file: string): Promise<unknown> {
  const text = await readFile(join(folder, file), 'utf8').catch((cause: unknown) => {
    throw new BundleError(file, `can't be read from ${folder}`, { hint: 'Is this a model bundle?', cause });
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BundleError(file, 'is not JSON', { cause });
  }
}
