import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Meter } from '../digest.ts';
import { gzip } from '../gzip.ts';
import { blobFile } from '../layout/layout.ts';

/** Compresses a tar into a layout's blobs. */
export async function writeLayer(
  tar: AsyncIterable<Buffer>,
  layout: string,
): Promise<{ digest: string; size: number; diffId: string }> {
  const hash = createHash('sha256');
  const compressed = new Meter();
  async function* hashed() {
    for await (const chunk of tar) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const file = join(layout, `${randomUUID()}.partial`);
  await pipeline(gzip(hashed()), compressed, createWriteStream(file));
  await rename(file, blobFile(layout, compressed.digest()));
  return { digest: compressed.digest(), size: compressed.size, diffId: `sha256:${hash.digest('hex')}` };
}
