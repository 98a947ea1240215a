import { MissingObject } from '../errors.ts';
import type { Out } from '../files/out.ts';
import { type Oid, objectKey } from '../objects/oid.ts';
import type { Remote } from '../stores/remote.ts';
import type { Store } from '../stores/store.ts';

/** Where one object's bytes are. */
export interface Source {
  store: Store;
  key: string;
  versionId?: string;
}

/** Where a remote keeps an object of an out: by its md5, or in a version-aware remote at its own path, in one version. */
export function sourceOf(remote: Remote | undefined, out: Out, oid: Oid, relpath: string): Source {
  if (!remote) throw new MissingObject(oid, 'the cache, and no remote is set');
  const { store } = remote;
  if (!remote.versioned) return { store, key: objectKey(out.hash, oid) };
  const file = out.versions?.find((item) => item.relpath === relpath);
  if (file?.versionId && file.remote?.toLowerCase() === remote.name)
    return { store, key: relpath ? `${out.name}/${relpath}` : out.name, versionId: file.versionId };
  // A worktree remote keeps what has no place in the tree by md5, but under .dvc; a version-aware one does not keep it.
  if (remote.worktree) return { store, key: `.dvc/${objectKey(out.hash, oid)}` };
  throw new MissingObject(oid, `${store.url}: the pointer has no version of it there`);
}
