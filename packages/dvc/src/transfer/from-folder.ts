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

/**
 * Brings the small objects of remotes that are folders, all at once: for a few kilobytes, going through a stream takes
 * longer than the bytes do. Returns what is left to be brought one by one, which also says what is wrong with it.
 */
export async function bringFromFolder<T extends Located>(
  cache: Cache,
  items: T[],
  arrived: (item: T, carried: Carried) => void,
): Promise<T[]> {
  const loads = new Map<T, Load>();
  let temporary: string;
  try {
    temporary = cache.temporaryName();
    for (const item of items) {
      const { hash, oid, source, copy } = item;
      const from = source.store.file?.(source.key);
      if (from !== undefined && objectHash(hash, oid) === 'md5')
        loads.set(item, { from, digest: digestOf(oid), to: cache.slot(hash, oid), copy });
    }
  } catch {
    // The cache cannot be written to.
    return items;
  }
  if (loads.size === 0) return items;
  const carried = await carryAll([...loads.values()], temporary);
  const done = new Set<T>();
  for (const [at, item] of [...loads.keys()].entries()) {
    const files = carried[at];
    if (!files) continue;
    cache.believe(item.hash, item.oid, files.object);
    arrived(item, files);
    done.add(item);
  }
  return items.filter((item) => !done.has(item));
}
