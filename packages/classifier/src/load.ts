import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Classifier, makeClassifier } from './classify.ts';
import { readCompiled } from './compiled-tokenizer.ts';
import { parseReference } from './drift.ts';
import { BundleError, UnsupportedTokenizer } from './errors.ts';
import { type Manifest, parseFields, parseManifest } from './manifest.ts';
import { openSession } from './session.ts';
import { openTokenizer, parseTokenizer, type Tokenizer } from './tokenizer.ts';
import { checkHashes, checkSizes } from './verify.ts';

export interface LoadOptions {
  /** Threads that a run may use: 1, unless there are CPUs to spare and texts are long. */
  threads?: number;
  /** Whether to hash every file that is used before it is: true, unless something else vouches for the bytes. */
  verify?: boolean;
}

/**
 * Opens the model bundle in a folder: checks the size and SHA-256 of every file it uses, then loads the tokenizer and
 * the model, as they were prepared if they were. Throws a BundleError that names the file at fault.
 */
export async function load(
  folder: string,
  { threads = 1, verify = true }: LoadOptions = {},
): Promise<Classifier> {
  const json = readJson(folder, 'manifest.json');
  const manifest = verify ? parseManifest(json) : parseFields(json);
  const { reference: referenceFile, files, serving } = manifest;
  const { model, tokenizer: tokenizerFile } = serving ?? manifest;
  const optional = [serving?.weights, referenceFile].filter((name) => name !== undefined);
  const used = [model, tokenizerFile, manifest.golden, ...optional];
  const records = Object.fromEntries(used.map((name) => [name, files[name]!]));
  checkSizes(folder, records);
  if (verify) await checkHashes(folder, records);
  const tokenizer = await readTokenizer(folder, manifest);
  const reference = referenceFile && parseReference(readJson(folder, referenceFile), manifest);
  const session = await openSession(folder, manifest, tokenizer.padId, threads);
  return makeClassifier(folder, manifest, tokenizer, session, reference || undefined);
}

async function readTokenizer(folder: string, { serving, tokenizer }: Manifest): Promise<Tokenizer> {
  if (serving && serving.tokenizer !== tokenizer)
    return openTokenizer(readCompiled(serving.tokenizer, readFileSync(join(folder, serving.tokenizer))));
  const json = readJson(folder, tokenizer);
  try {
    return parseTokenizer(json);
  } catch (error) {
    if (!(error instanceof UnsupportedTokenizer)) throw error;
    const { openOtherTokenizer } = await import('./other-tokenizer.ts');
    return openOtherTokenizer(json);
  }
}

function readJson(folder: string, file: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, file), 'utf8'));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new BundleError(file, 'is not JSON', { cause });
    throw new BundleError(file, `can't be read from ${folder}`, { hint: 'Is this a model bundle?', cause });
  }
}
