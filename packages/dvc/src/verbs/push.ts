import { stat } from 'node:fs/promises';
import { CorruptObject, DvcError, TransferFailed, Unsupported } from '../errors.ts';
import { digestOf, type HashName, isDirectory, type Oid, objectKey } from '../objects/oid.ts';
import { noRemote, type Remote, Remotes } from '../stores/remote.ts';
import { isThere } from '../transfer/is-there.ts';
import { members } from '../transfer/members.ts';
import { eachLimited, retry } from '../transfer/retry.ts';
import { isIntact } from '../transfer/verify.ts';
import { collect } from '../workspace/collect.ts';
import { locked } from '../workspace/lock.ts';
import type { Repo } from '../workspace/repo.ts';
import { type Selection, selectTargets } from '../workspace/targets.ts';
import { defaultJobs } from './fetch.ts';

/** What a push can be asked. */
export interface PushOptions extends Selection {
  remote?: string;
  jobs?: number;
  /** Read back what the remote has already, and replace what is corrupt there. */
  repair?: boolean;
  log?: (line: string) => void;
}

/** Objects uploaded, their bytes, and how many of them replaced corrupt ones. */
export interface PushResult {
  files: number;
  sizeBytes: number;
  repaired: number;
  /** Objects that neither the cache nor the remote has, and the pointers that name them. */
  missing: Lost[];
}

/** An object that is nowhere. */
export interface Lost {
  oid: Oid;
  /** The pointer or pipeline that names it, absolute. */
  file: string;
}

interface Item {
  remote: Remote;
  hash: HashName;
  oid: Oid;
  /** What names it, for messages. */
  file: string;
}

/** One out: the directory's own object goes last, for where it is, its members are. */
interface Batch {
  directory: Item | undefined;
  objects: Item[];
}

/** Uploads what the remote lacks; throws TransferFailed if an object could not be. Objects only the remote has are no concern. */
export async function push(repo: Repo, options: PushOptions = {}): Promise<PushResult> {
  return locked(repo, async () => {
    const remotes = new Remotes(repo, options.remote);
    const result: PushResult = { files: 0, sizeBytes: 0, repaired: 0, missing: [] };
    const batches = await plan(repo, remotes, options, result.missing);
    const jobs = options.jobs || remotes.named()?.jobs || defaultJobs;
    const failed = new Set(result.missing.map(({ oid }) => oid));
    const sendAll = async (items: Item[]): Promise<void> => {
      const unique = new Map(
        items.map((item) => [`${item.remote.name} ${objectKey(item.hash, item.oid)}`, item]),
      );
      const failures = await eachLimited(unique.values(), jobs, async (item) => {
        if (await blaming(item.file, () => send(repo, item, options.repair ?? false, result))) return;
        result.missing.push({ oid: item.oid, file: item.file });
        failed.add(item.oid);
      });
      if (failures.length > 0) throw new TransferFailed('upload', failures);
    };
    await sendAll(batches.flatMap(({ objects }) => objects));
    const complete = batches.filter(({ objects }) => !objects.some(({ oid }) => failed.has(oid)));
    await sendAll(complete.flatMap(({ directory }) => directory ?? []));
    if (result.missing.length > 0)
      options.log?.(
        'WARNING: Some of the cache files do not exist neither locally nor on remote. Missing cache files:\n' +
          result.missing.map(({ oid }) => `md5: ${oid}`).join('\n'),
      );
    return result;
  });
}

/** What there is to send; a directory that the remote has already is complete there, and left out. */
async function plan(repo: Repo, remotes: Remotes, options: PushOptions, missing: Lost[]): Promise<Batch[]> {
  const batches: Batch[] = [];
  for (const target of selectTargets(repo, collect(repo), options)) {
    const { out } = target;
    if (!out.cache || !out.push || !out.oid || out.imported === 'repository') continue;
    const remote = remotes.for(out);
    if (!remote) {
      if (out.remote) continue;
      throw noRemote(repo, 'push');
    }
    if (remote.versioned)
      throw new Unsupported(
        `remote '${remote.name}' is version-aware: it can be pulled from, but not pushed to`,
        {
          hint: 'push to a remote without version_aware and worktree, or push with DVC',
        },
      );
    const item = (oid: Oid): Item => ({ remote, hash: out.hash, oid, file: out.file });
    if (!isDirectory(out.oid)) {
      batches.push({ directory: undefined, objects: [item(out.oid)] });
      continue;
    }
    if (!options.repair && (await isThere(remote.store, objectKey(out.hash, out.oid)))) continue;
    const { hash, oid } = out;
    if (await blaming(out.file, () => isSound(repo, hash, oid)))
      batches.push({
        directory: target.inside === undefined ? item(out.oid) : undefined,
        objects: (await members(repo, target)).map(({ oid }) => item(oid)),
      });
    else missing.push({ oid: out.oid, file: out.file });
  }
  return batches;
}

/** Does some work for a pointer, whose fault it is if that fails. */
async function blaming<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DvcError) error.file ??= file;
    throw error;
  }
}

/** Brings one object to its remote unless it is there; returns false if nobody has it. */
async function send(
  repo: Repo,
  { remote, hash, oid }: Item,
  repair: boolean,
  result: PushResult,
): Promise<boolean> {
  const key = objectKey(hash, oid);
  const there = await isThere(remote.store, key);
  if (there && (!repair || (await isIntact(remote.store, key, hash, oid)))) return true;
  if (!(await isSound(repo, hash, oid))) return false;
  const path = repo.cache.path(hash, oid);
  const { size } = await stat(path);
  const md5 = hash === 'md5' || isDirectory(oid) ? { md5: digestOf(oid) } : {};
  await retry(() => remote.store.put(key, { path, sizeBytes: size, ...md5 }));
  result.files += 1;
  result.sizeBytes += size;
  if (there) result.repaired += 1;
  return true;
}

/** Whether the cache has the object; one whose bytes are wrong must not be spread. */
async function isSound(repo: Repo, hash: HashName, oid: Oid): Promise<boolean> {
  const state = await repo.cache.check(hash, oid);
  if (state === 'corrupt') throw new CorruptObject(oid, 'the cache', 'another md5');
  return state === 'present';
}
