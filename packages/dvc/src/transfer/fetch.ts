import { CorruptObject, DvcError, MissingObject, TransferFailed } from '../errors.ts';
import type { Out } from '../files/out.ts';
import { encodeDirectory } from '../objects/directory.ts';
import { type HashName, isDirectory, type Oid } from '../objects/oid.ts';
import type { Remotes } from '../stores/remote.ts';
import { keepDirectory } from '../workspace/record.ts';
import type { Repo } from '../workspace/repo.ts';
import type { FileStamp } from '../workspace/state.ts';
import type { Target } from '../workspace/targets.ts';
import { download } from './download.ts';
import { bringFromFolder, type Located } from './from-folder.ts';
import { Lanes } from './lanes.ts';
import { members } from './members.ts';
import { eachLimited } from './retry.ts';
import { sourceOf } from './source.ts';

/** What a fetch brought, and which outs it could not complete because their object is nowhere. */
export interface Fetched {
  files: number;
  sizeBytes: number;
  missing: Out[];
}

/** Where files are made in passing, while an object's bytes are at hand. */
export interface Copies {
  /** A path, in a folder that is there, for a copy of this file of the out; undefined if none is wanted. */
  pathFor(out: Out, relpath: string): string | undefined;
  /** Takes note of a copy that is complete and verified; without a stamp, if it is there at all. */
  note(path: string, stamp?: FileStamp): void;
}

interface Wanted {
  out: Out;
  oid: Oid;
  /** Its path in the out, for remotes that keep objects by path. */
  relpath: string;
  /** A directory that is there promises its members: one that is missing is a failure, not a gap. */
  promised: boolean;
}

/** Brings every object the targets need into the cache; throws TransferFailed if one could not be, saying which. */
export async function fetchObjects(
  repo: Repo,
  targets: Target[],
  remotes: Remotes,
  options: { jobs: number; log: (line: string) => void; copies?: Copies },
): Promise<Fetched> {
  const { jobs, log, copies } = options;
  const result: Fetched = { files: 0, sizeBytes: 0, missing: [] };
  const lanes = new Lanes(jobs);
  const nowhere = new Set<string>();
  const name = (hash: HashName, oid: Oid): string => `${hash}:${oid}`;
  const usable = targets.filter(({ out }) => out.cache && out.oid !== undefined);

  const bring = async (wanted: Wanted[]): Promise<void> => {
    const failures: Error[] = [];
    const each = async <T extends Wanted>(items: Iterable<T>, work: (item: T) => Promise<void>) => {
      const failed = await eachLimited(items, jobs, async (item) => {
        const { out, oid, promised } = item;
        try {
          await work(item);
        } catch (error) {
          if (!(error instanceof MissingObject) || promised) throw named(error, out, oid);
          nowhere.add(name(out.hash, oid));
        }
      });
      failures.push(...failed);
    };
    const arrived = (sizeBytes: number): void => {
      result.sizeBytes += sizeBytes;
      result.files += 1;
    };
    const lacking: (Wanted & Located)[] = [];
    await each(
      new Map(wanted.map((item) => [name(item.out.hash, item.oid), item])).values(),
      async (item) => {
        const { out, oid, relpath } = item;
        const state = await repo.cache.check(out.hash, oid);
        if (state === 'present') return;
        if (state === 'corrupt') log(`object ${oid} was corrupt in the cache: put aside, fetched anew`);
        const source = sourceOf(remotes.for(out), out, oid, relpath);
        const copy = isDirectory(oid) ? undefined : copies?.pathFor(out, relpath);
        lacking.push({ ...item, hash: out.hash, source, copy });
      },
    );
    const left = await bringFromFolder(repo.cache, lacking, ({ copy }, carried) => {
      arrived(carried.object.size);
      if (copy) copies?.note(copy, carried.copy);
    });
    await each(left, async ({ hash, oid, source, copy }) => {
      arrived(await download(source, repo.cache, hash, oid, lanes, copy));
      if (copy) copies?.note(copy);
    });
    if (failures.length > 0) throw new TransferFailed('download', failures);
  };

  const directories = usable.filter(({ out }) => isDirectory(out.oid!));
  await rebuildListed(repo, directories);
  await bring(directories.map(({ out }) => ({ out, oid: out.oid!, relpath: '', promised: false })));
  const wanted: Wanted[] = [];
  for (const target of usable) {
    const { out } = target;
    if (nowhere.has(name(out.hash, out.oid!))) continue;
    const promised = isDirectory(out.oid!);
    for (const { oid, relpath } of await members(repo, target)) wanted.push({ out, oid, relpath, promised });
  }
  await bring(wanted);
  result.missing = usable.map(({ out }) => out).filter((out) => nowhere.has(name(out.hash, out.oid!)));
  return result;
}

/** A directory whose files stand in the pointer itself (version-aware remotes) has no object anywhere: it is made from them. */
async function rebuildListed(repo: Repo, targets: Target[]): Promise<void> {
  for (const { out } of targets) {
    if (!out.versions) continue;
    const entries = out.versions.flatMap(({ oid, relpath }) => (oid ? [{ oid, relpath }] : []));
    if (entries.length !== out.versions.length)
      throw new DvcError(`${out.name}: a file in the pointer has no md5`, { file: out.file });
    if (encodeDirectory(entries).oid === out.oid) await keepDirectory(repo, out.hash, entries);
  }
}

/** Says which out a lost object belongs to, and what a full disk or a folder that may not be written to means for it. */
function named(error: unknown, out: Out, oid: Oid): Error {
  if (error instanceof CorruptObject || error instanceof MissingObject)
    error.message = `${out.name}: ${error.message}`;
  if (error instanceof DvcError) {
    error.file ??= out.file;
    return error;
  }
  const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
  return new DvcError(
    `${out.name}: object ${oid} could not be kept: ${error instanceof Error ? error.message : error}`,
    {
      cause: error,
      ...(isFull ? { hint: 'make room on this disk and run it again: what is complete is kept' } : {}),
    },
  );
}
