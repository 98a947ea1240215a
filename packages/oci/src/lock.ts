import { readFile, rename, writeFile } from 'node:fs/promises';
import { isInRegistry } from './base/base.ts';
import { isDigest } from './digest.ts';
import { InvalidReference, OciError } from './errors.ts';
import { formatReference, isLoopback, parseReference } from './reference.ts';
import type { CredentialSource } from './registry/authorization.ts';
import { Registry } from './registry/registry.ts';

/** The lock file's usual name, beside package.json. */
export const lockFile = 'image.lock.json';

/** A lock file that isn't one, or lacks what was asked of it. */
export class InvalidLock extends OciError {}

/**
 * The reference with the digest that the lock file pins it to. References that name a digest, a file or this machine
 * stay as they are, and so does everything when there is no lock file; one that a lock file leaves out is an error.
 */
export async function pinned(reference: string, file: string = lockFile): Promise<string> {
  if (!isInRegistry(reference)) return reference;
  const parsed = parseReference(reference);
  if (parsed.digest || isLoopback(parsed.registry)) return reference;
  const pins = await readLock(file);
  if (!pins) return reference;
  const digest = pins[key(reference)];
  if (!digest)
    throw new InvalidLock(`${file} does not pin ${reference}.`, {
      hint: `Pin it: pnpm image lock ${reference}`,
    });
  return formatReference({ ...parsed, digest });
}

/** One moved pin. */
export interface Pin {
  reference: string;
  before: string | undefined;
  after: string;
}

/**
 * Asks the registries what the references stand for now and writes that down; without references, all that the file
 * pins already. An index is pinned as such, so that one pin serves every platform.
 */
export async function lock(
  references: string[],
  options: { file?: string; credential?: (registry: string) => CredentialSource | undefined } = {},
): Promise<Pin[]> {
  const file = options.file ?? lockFile;
  const pins = (await readLock(file)) ?? {};
  const moved: Pin[] = [];
  for (const reference of references.length > 0 ? references : Object.keys(pins)) {
    const { registry: host, repository, tag, digest } = parseReference(reference);
    if (digest)
      throw new InvalidReference(`${reference} is pinned by its digest already.`, { hint: 'Name a tag.' });
    const registry = new Registry({ registry: host, credential: options.credential?.(host) });
    const { digest: after } = await registry.getManifest(repository, tag ?? 'latest');
    registry.close();
    moved.push({ reference, before: pins[key(reference)], after });
  }
  if (moved.length === 0) return [];
  for (const { reference, after } of moved) pins[key(reference)] = after;
  const sorted = Object.fromEntries(Object.entries(pins).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFile(`${file}.partial`, `${JSON.stringify({ version: 1, bases: sorted }, null, 2)}\n`);
  await rename(`${file}.partial`, file);
  return moved;
}

/** A reference with its tag, in one spelling. */
const key = (reference: string) => {
  const { registry, repository, tag } = parseReference(reference);
  return formatReference({ registry, repository, tag: tag ?? 'latest' });
};

async function readLock(file: string): Promise<Record<string, string> | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new InvalidLock(`${file} is not JSON.`, {
      cause,
      hint: 'Restore it, or delete it and run pnpm image lock.',
    });
  }
  const { version, bases } = Object(json);
  const entries = Object.entries(Object(bases));
  const pins: Record<string, string> = {};
  for (const [reference, digest] of entries) {
    if (typeof digest !== 'string' || !isDigest(digest))
      throw new InvalidLock(`${file} pins ${reference} to ${JSON.stringify(digest)}, which is no digest.`);
    pins[reference] = digest;
  }
  if (version !== 1)
    throw new InvalidLock(`${file} has version ${JSON.stringify(version)}, this program reads 1.`);
  return pins;
}
