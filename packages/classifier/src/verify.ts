import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BundleError } from './errors.ts';
import type { FileRecord } from './manifest.ts';

const hint = 'Pull the bundle again, or export it again if it was edited';

/** Checks that the files in a folder are the ones recorded; throws a BundleError for the first that isn't. */
export async function verifyFiles(folder: string, files: Record<string, FileRecord>): Promise<void> {
  for (const [name, { sha256, sizeBytes }] of Object.entries(files)) {
    const path = join(folder, name);
    const found = await stat(path).catch((cause: unknown) => {
      throw new BundleError(name, `is missing from ${folder}`, { hint, cause });
    });
    if (found.size !== sizeBytes)
      throw new BundleError(name, `has ${found.size} bytes, the manifest says ${sizeBytes}`, { hint });
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
    const digest = hash.digest('hex');
    if (digest !== sha256)
      throw new BundleError(name, `has SHA-256 ${digest}, the manifest says ${sha256}`, { hint });
  }
}
