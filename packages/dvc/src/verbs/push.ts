import { stat } from 'node:fs/promises';
import { CorruptObject, TransferFailed } from '../errors.ts';
import { digestOf, type HashName, isDirectory, type Oid, objectKey } from '../objects/oid.ts';
import { noRemote, type Remote, Remotes } from '../stores/remote.ts';
import { type Store, StoreError } from '../stores/store.ts';
import { members } from '../transfer/members.ts';
import { eachLimited, retry } from '../transfer/retry.ts';
import { collect, selectTargets } from '../workspace/collect.ts';
import type { Repo } from '../workspace/repo.ts';
import { defaultJobs } from './pull.ts';

/** What a push can be asked. */
export interface PushOptions {
  targets?: string[];
  remote?: string;
  jobs?: number;
  log?: (line: string) => void;
}

/** Objects uploaded, and their bytes. */
export interface PushResult {
  files: number;
  sizeBytes: number;
}

interface Batch {
  remote: Remote;
  hash: HashName;
  /** The directory's own object, which goes last: where it is, its members are. */
  directory: Oid | undefined;
  objects: Oid[];
}

/** Uploads what the remote lacks; throws TransferFailed if an object could not be. Objects only the remote has are no concern. */
export async function push(repo: Repo, options: PushOptions = {}): Promise<PushResult> {
  const log = options.log ?? (() => {});
  const targets = selectTargets(repo, collect(repo), options.targets ?? []);
  const remotes = new Remotes(repo, options.remote);
  const result: PushResult = { files: 0, sizeBytes: 0 };
  const missing: Oid[] = [];
  const batches: Batch[] = [];
  try {
    for (const target of targets) {
      const { out } = target;
      if (!out.cache || !out.push || !out.oid) continue;
      const remote = remotes.for(out);
      if (!remote) {
        if (out.remote) continue;
        throw noRemote(repo);
      }
      if (!(await isWhole(repo, out.hash, out.oid))) {
        missing.push(out.oid);
        continue;
      }
      const isFolder = isDirectory(out.oid);
      const objects = isFolder ? (await members(repo, target)).map(({ oid }) => oid) : [out.oid];
      batches.push({ remote, hash: out.hash, directory: isFolder ? out.oid : undefined, objects });
    }
    const jobs = options.jobs || remotes.named()?.jobs || defaultJobs;
    const sent = new Set<string>();
    for (const { remote, hash, directory, objects } of batches) {
      if (directory && (await isThere(remote.store, objectKey(hash, directory)))) continue;
      const send = async (oid: Oid): Promise<void> => {
        const key = objectKey(hash, oid);
        if (sent.has(remote.name + key)) return;
        sent.add(remote.name + key);
        if (await isThere(remote.store, key)) return;
        if (!(await isWhole(repo, hash, oid))) return void missing.push(oid);
        const path = repo.cache.path(hash, oid);
        const { size } = await stat(path);
        const md5 = hash === 'md5' || isDirectory(oid) ? { md5: digestOf(oid) } : {};
        await retry(() => remote.store.put(key, { path, sizeBytes: size, ...md5 }));
        result.files += 1;
        result.sizeBytes += size;
      };
      const before = missing.length;
      const failures = await eachLimited(new Set(objects), jobs, send);
      if (failures.length > 0) throw new TransferFailed('upload', failures);
      if (directory && missing.length === before) await send(directory);
    }
    if (missing.length > 0)
      log(
        'WARNING: Some of the cache files do not exist neither locally nor on remote. Missing cache files:\n' +
          missing.map((oid) => `md5: ${oid}`).join('\n'),
      );
    return result;
  } finally {
    repo.state.save();
  }
}

/** Whether the cache has the object; one whose bytes are wrong must not be spread. */
async function isWhole(repo: Repo, hash: HashName, oid: Oid): Promise<boolean> {
  const state = await repo.cache.check(hash, oid);
  if (state === 'corrupt') throw new CorruptObject(oid, 'the cache', 'another md5');
  return state === 'present';
}

/** Whether the remote has the object. Who may not list gets 403 for what is not there: then it is sent, and that decides. */
async function isThere(store: Store, key: string): Promise<boolean> {
  try {
    return (await retry(() => store.size(key))) !== undefined;
  } catch (error) {
    if (error instanceof StoreError && error.status === 403) return false;
    throw error;
  }
}
