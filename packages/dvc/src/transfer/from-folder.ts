import { type Cache, objectHash } from '../objects/cache.ts';
import { digestOf, type HashName, type Oid } from '../objects/oid.ts';
import { type Carried, carryAll, type Load } from '../objects/threads.ts';
import type { Source } from './source.ts';

/** An object, where its bytes are, and where a copy of them is wanted. */
export interface Located {
  hash: HashName;
  oid: Oid;
  source: Source;
  copy: string | undefined;
}

/** Every thread has a list of what there is to do: it need not be of millions. */
const mostAtOnce = 20_000;

/**
 * Brings the small objects of remotes that are folders, many at once: for a few kilobytes, going through a stream takes
 * longer than the bytes do. Returns what is left to be brought one by one, which also says what is wrong with it.
 */
export async function bringFromFolder<T extends Located>(
  cache: Cache,
  items: T[],
  arrived: (item: T, carried: Carried) => void,
): Promise<T[]> {
  const inFolder = items.filter(
    ({ hash, oid, source }) => source.store.file !== undefined && objectHash(hash, oid) === 'md5',
  );
  const done = new Set<T>();
  for (let at = 0; at < inFolder.length; at += mostAtOnce) {
    const batch = inFolder.slice(at, at + mostAtOnce);
    for (const [index, carried] of (await carryBatch(cache, batch)).entries()) {
      const item = batch[index]!;
      if (!carried) continue;
      cache.believe(item.hash, item.oid, carried.object);
      arrived(item, carried);
      done.add(item);
    }
  }
  return items.filter((item) => !done.has(item));
}

async function carryBatch(cache: Cache, items: Located[]): Promise<(Carried | undefined)[]> {
  let loads: Load[];
  let temporary: string;
  try {
    temporary = cache.temporaryName();
    loads = items.map(({ hash, oid, source: { store, key }, copy }) => ({
      from: store.file!(key),
      digest: digestOf(oid),
      to: cache.slot(hash, oid),
      copy,
    }));
  } catch {
    // The cache cannot be written to.
    return [];
  }
  return carryAll(loads, temporary);
}
