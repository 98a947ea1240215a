import { objectHash } from '../objects/cache.ts';
import { Hasher } from '../objects/hash.ts';
import { digestOf, type HashName, type Oid } from '../objects/oid.ts';
import { type Store, StoreError } from '../stores/store.ts';
import { retry } from './retry.ts';

/** Reads an object where it is stored and says whether its bytes are the right ones. */
export async function isIntact(store: Store, key: string, hash: HashName, oid: Oid): Promise<boolean> {
  return retry(async () => {
    const hasher = new Hasher(objectHash(hash, oid));
    const got = await store.get(key);
    try {
      await got.read((bytes) => hasher.update(bytes));
    } catch (cause) {
      throw new StoreError(`[GET] ${store.url}/${key}: the body broke off`, { retryable: true, cause });
    }
    return hasher.digest() === digestOf(oid);
  });
}
