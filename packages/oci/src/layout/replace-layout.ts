import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { InvalidLayout } from '../errors.ts';
import { createLayout } from './layout.ts';

/**
 * Lets `fill` write a layout beside `output` and puts it in its place when it is whole: `output` holds the earlier
 * layout until then and a failure leaves nothing behind. Refuses, before anything is written, to replace a folder that
 * holds something else. Returns the absolute path
 * and what `fill` returned.
 */
export async function replaceLayout<T>(
  output: string,
  fill: (partial: string) => Promise<T>,
): Promise<{ path: string; result: T }> {
  const path = resolve(output);
  await refuseForeignFolder(path);
  const partial = join(dirname(path), `.${basename(path)}.partial`);
  await rm(partial, { recursive: true, force: true });
  try {
    await createLayout(partial);
    const result = await fill(partial);
    const old = `${partial}.old`;
    await rm(old, { recursive: true, force: true });
    await rename(path, old).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rename(partial, path);
    await rm(old, { recursive: true, force: true });
    return { path, result };
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function refuseForeignFolder(path: string) {
  const names = await readdir(path).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw new InvalidLayout(`${path} is not a folder.`, { cause: error });
  });
  if (names.length > 0 && !names.includes('oci-layout'))
    throw new InvalidLayout(`${path} holds something else than an image layout.`, {
      hint: 'Nothing was written. Name another folder, or empty this one.',
    });
}
