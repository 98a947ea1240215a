import { open } from 'node:fs/promises';
import { CorruptObject } from '../errors.ts';
import { type Cache, objectHash } from '../objects/cache.ts';
import { Hasher } from '../objects/hash.ts';
import { digestOf, type HashName, type Oid } from '../objects/oid.ts';
import { StoreError } from '../stores/store.ts';
import { retry } from './retry.ts';
import type { Source } from './source.ts';

/** Brings one object into the cache, verified; one that arrives corrupt is fetched once more before it is given up. Returns its size. */
export async function download(source: Source, cache: Cache, hash: HashName, oid: Oid): Promise<number> {
  try {
    return await retry(() => attempt(source, cache, hash, oid));
  } catch (error) {
    if (!(error instanceof CorruptObject)) throw error;
    return retry(() => attempt(source, cache, hash, oid));
  }
}

async function attempt(
  { store, key, versionId }: Source,
  cache: Cache,
  hash: HashName,
  oid: Oid,
): Promise<number> {
  const body = await store.get(key, versionId ? { versionId } : {});
  const temporary = await cache.createTemporary();
  try {
    const hasher = new Hasher(objectHash(hash, oid));
    let sizeBytes = 0;
    const file = await open(temporary.path, 'w');
    try {
      for await (const chunk of body) {
        hasher.update(chunk);
        await file.write(chunk);
        sizeBytes += chunk.length;
      }
    } catch (cause) {
      throw new StoreError(`[GET] ${store.url}/${key}: the body broke off after ${sizeBytes} bytes`, {
        retryable: true,
        cause,
      });
    } finally {
      await file.close();
    }
    const actual = hasher.digest();
    if (actual !== digestOf(oid)) throw new CorruptObject(oid, `${store.url}/${key}`, actual);
    await cache.adopt(temporary.path, hash, oid);
    return sizeBytes;
  } finally {
    await temporary.remove();
  }
}
