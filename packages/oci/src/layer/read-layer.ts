import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { InvalidTar } from '../errors.ts';
import { readTar, type TarEntry } from '../tar/read-tar.ts';

/**
 * The entries of a layer's blob: tar, gzipped, zstd-compressed or bare. Ends the blob whatever happens. Throws
 * {@link InvalidTar} on anything else.
 */
export async function* readLayer(blob: Readable): AsyncGenerator<TarEntry> {
  try {
    yield* readTar(decompress(blob));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (/^Z_|^ERR_ZLIB|^ZSTD_/.test(code))
      throw new InvalidTar('The layer is compressed wrongly or breaks off.', { cause: error });
    throw error;
  } finally {
    blob.destroy();
  }
}

/** The bytes of a tar that may be gzipped or zstd-compressed, told by how it begins. */
export async function* decompress(blob: Readable): AsyncGenerator<Buffer> {
  const source: AsyncIterator<Buffer> = blob[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 4) {
    const next = await source.next();
    if (next.done) throw new InvalidTar(`The layer is ${head.length} bytes long.`);
    head = Buffer.concat([head, next.value]);
  }
  async function* whole(): AsyncGenerator<Buffer> {
    yield head;
    for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
  }
  const magic = head.subarray(0, 4).toString('hex');
  const decoder = magic.startsWith('1f8b')
    ? createGunzip()
    : magic === '28b52ffd'
      ? createZstdDecompress()
      : undefined;
  if (!decoder) return yield* whole();
  // The reader meets an error of the source on the decoder; this promise only repeats it.
  pipeline(Readable.from(whole(), { objectMode: false }), decoder).catch(() => {});
  yield* decoder;
}
