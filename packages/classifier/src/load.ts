import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Classifier, makeClassifier } from './classify.ts';
import { readCompiled } from './compiled-tokenizer.ts';
import { parseReference } from './drift.ts';
import { BundleError, UnsupportedTokenizer } from './errors.ts';
import { type Manifest, parseFields, parseManifest } from './manifest.ts';
import { openPlan } from './quick/plan.ts';
import { quickSession } from './quick/session.ts';
import { openSession } from './session.ts';
import { openTokenizer, parseTokenizer, type Tokenizer } from './tokenizer.ts';
import { checkHashes, checkSizes } from './verify.ts';

export interface LoadOptions {
  /** Threads that a run may use: 1, unless there are CPUs to spare and texts are long. */
  threads?: number;
  /** Whether to hash every file that is used before it is: true, unless something else vouches for the bytes. */
  verify?: boolean;
  /**
   * Answer the first texts by the bundle's plan, if it has one, and start ONNX Runtime when they have cost what that
   * costs: for a process that somebody is waiting for. Answers are the same to the bundle's tolerance.
   */
  quick?: boolean;
}

/**
 * Opens the model bundle in a folder: checks the size and SHA-256 of every file it uses, then loads the tokenizer and
 * the model, as they were prepared if they were. Throws a BundleError that names the file at fault.
 */
export async function load(
  folder: string,
  { threads = 1, verify = true, quick = false }: LoadOptions = {},
): Promise<Classifier> {
  const json = readJson(folder, 'manifest.json');
  const manifest = verify ? parseManifest(json) : parseFields(json);
  const { reference: referenceFile, files, serving } = manifest;
  const { model, tokenizer: tokenizerFile } = serving ?? manifest;
  const plan = quick ? serving?.plan : undefined;
  const optional = [serving?.weights, plan, referenceFile].filter((name) => name !== undefined);
  const used = [model, tokenizerFile, manifest.golden, ...optional];
  const records = Object.fromEntries(used.map((name) => [name, files[name]!]));
  checkSizes(folder, records);
  if (verify) await checkHashes(folder, records);
  // Its weights are read while the rest goes on.
  const paths = [plan, serving?.weights].filter((name) => name !== undefined);
  const machine = plan === undefined ? undefined : openPlan(...paths.map((name) => join(folder, name)));
  try {
    const tokenizer = await readTokenizer(folder, manifest);
    const { padId } = tokenizer;
    const reference = referenceFile ? parseReference(readJson(folder, referenceFile), manifest) : undefined;
    const openFull = () => openSession(folder, manifest, padId, threads);
    const session = machine ? quickSession(machine, padId, openFull) : await openFull();
    return makeClassifier(folder, manifest, tokenizer, session, reference);
  } catch (error) {
    machine?.close();
    throw error;
  }
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
