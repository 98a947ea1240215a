import { existsSync, lstatSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { relink } from '../checkout/relink.ts';
import { DvcError } from '../errors.ts';
import { encodeDirectory, parseDirectory } from '../objects/directory.ts';
import { keepDirectory, recordData } from '../workspace/record.ts';
import { posixRelative } from '../workspace/relpath.ts';
import type { Repo } from '../workspace/repo.ts';
import { type Added, type AddOptions, lookAt, writeRecord } from './add.ts';
import type { Place } from './add-place.ts';

/** Brings one path inside of a tracked directory up to date in it; a path that is gone is taken out of it. */
export async function addInside(
  repo: Repo,
  path: string,
  target: string,
  place: Place,
  options: AddOptions,
): Promise<Added> {
  const out = place.pointer!.outs[place.index]!;
  const inside = posixRelative(out.path, path);
  const old = out.oid;
  if (out.hash === 'md5-dos2unix')
    throw new DvcError(`'${out.name}' was tracked by DVC 2, which named its files otherwise`, {
      file: place.file,
      hint: `add all of it once: then one path in it can be added as well`,
    });
  if (old && (await repo.cache.check(out.hash, old)) !== 'present')
    throw new DvcError(`could not read '${old}': it is not in the cache`, {
      hint: `pull ${out.name} first, or add all of it`,
    });
  const before = old ? parseDirectory(await readFile(repo.cache.path(out.hash, old)), old) : [];
  const isUnder = (relpath: string): boolean => relpath === inside || relpath.startsWith(`${inside}/`);
  const kept = before.filter(({ relpath }) => !isUnder(relpath));
  const gone = !existsSync(path) && !lstatSync(path, { throwIfNoEntry: false });
  if (gone && kept.length === before.length)
    throw new DvcError(`output '${target}' does not exist: [Errno 2] No such file or directory: '${path}'`);
  const recorded = gone
    ? undefined
    : await recordData(repo, lookAt(repo, path, target), { hash: 'md5', keep: !options.noCommit });
  const fresh = (recorded?.entries ?? []).map(({ oid, relpath }) => ({
    oid,
    relpath: relpath === '' ? inside : `${inside}/${relpath}`,
  }));
  const entries = [...kept, ...fresh];
  const oid = options.noCommit ? encodeDirectory(entries).oid : await keepDirectory(repo, 'md5', entries);
  if (!options.noCommit && !options.noRelink)
    await relink(repo, { ...out, hash: 'md5' }, fresh, options.jobs ?? 8);
  const size = sizeAfter(
    out.sizeBytes,
    recorded?.record.sizeBytes,
    kept.length === before.length,
    oid === old,
  );
  return writeRecord(repo, place, out.path, {
    oid,
    hash: 'md5',
    files: entries.length,
    ...(size === undefined ? {} : { sizeBytes: size }),
  });
}

/** The directory's new size where it can be known without looking at the other files; DVC drops it otherwise. */
function sizeAfter(
  old: number | undefined,
  added: number | undefined,
  appended: boolean,
  same: boolean,
): number | undefined {
  if (appended && old && added !== undefined) return old + added;
  return same ? old : undefined;
}
