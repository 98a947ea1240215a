import { createReadStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { BundleError } from './errors.ts';
import type { FileRecord } from './manifest.ts';
import { startSha256 } from './sha256.ts';

const hint = 'Pull the bundle again, or export it again if it was edited';

/** Checks that files are there and of the sizes recorded; throws a BundleError for the first that isn't. */
export function checkSizes(folder: string, files: Record<string, FileRecord>): void {
  for (const [name, { sizeBytes }] of Object.entries(files)) {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    if (!found) throw new BundleError(name, `is missing from ${folder}`, { hint });
    if (found.size !== sizeBytes)
      throw new BundleError(name, `has ${found.size} bytes, the manifest says ${sizeBytes}`, { hint });
  }
}

/** Checks that files' contents are the ones recorded; throws a BundleError for the first that isn't. */
export async function checkHashes(folder: string, files: Record<string, FileRecord>): Promise<void> {
  for (const [name, { sha256 }] of Object.entries(files)) {
    const hash = startSha256();
    for await (const chunk of createReadStream(join(folder, name), { highWaterMark: 1 << 20 }))
      hash.update(chunk);
    const digest = hash.digest('hex');
    if (digest !== sha256)
      throw new BundleError(name, `has SHA-256 ${digest}, the manifest says ${sha256}`, { hint });
  }
}
