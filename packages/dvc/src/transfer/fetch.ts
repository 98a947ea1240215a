import { CorruptObject, MissingObject, TransferFailed } from '../errors.ts';
import type { Out } from '../files/out.ts';
import { type HashName, isDirectory, type Oid } from '../objects/oid.ts';
import type { Remote, Remotes } from '../stores/remote.ts';
import type { Target } from '../workspace/collect.ts';
import type { Repo } from '../workspace/repo.ts';
import { download } from './download.ts';
import { members } from './members.ts';
import { eachLimited } from './retry.ts';

/** What a fetch brought, and which outs it could not complete because their object is nowhere. */
export interface Fetched {
  files: number;
  sizeBytes: number;
  missing: Out[];
}

interface Wanted {
  hash: HashName;
  oid: Oid;
  remote: Remote | undefined;
  out: Out;
  /** A directory that is there promises its members: one that is missing is a failure, not a gap. */
  promised: boolean;
}

/** Brings every object the targets need into the cache; throws TransferFailed if one could not be, saying which. */
export async function fetchObjects(
  repo: Repo,
  targets: Target[],
  remotes: Remotes,
  options: { jobs: number; log: (line: string) => void },
): Promise<Fetched> {
  const result: Fetched = { files: 0, sizeBytes: 0, missing: [] };
  const nowhere = new Set<string>();
  const name = (hash: HashName, oid: Oid): string => `${hash}:${oid}`;
  const usable = targets.filter(({ out }) => out.cache && out.oid !== undefined);

  const bring = async (wanted: Wanted[]): Promise<void> => {
    const unique = new Map(wanted.map((item) => [name(item.hash, item.oid), item]));
    const failures = await eachLimited(
      unique.values(),
      options.jobs,
      async ({ hash, oid, remote, out, promised }) => {
        const state = await repo.cache.check(hash, oid);
        if (state === 'present') return;
        if (state === 'corrupt')
          options.log(`object ${oid} was corrupt in the cache: put aside, fetched anew`);
        try {
          if (!remote) throw new MissingObject(oid, 'the cache, and no remote is set');
          result.sizeBytes += await download(remote.store, repo.cache, hash, oid);
          result.files += 1;
        } catch (error) {
          if (!(error instanceof MissingObject) || promised) throw named(error, out);
          nowhere.add(name(hash, oid));
        }
      },
    );
    if (failures.length > 0) throw new TransferFailed('download', failures);
  };

  const want = ({ out }: Target, oid: Oid, promised: boolean): Wanted => ({
    hash: out.hash,
    oid,
    remote: remotes.for(out),
    out,
    promised,
  });
  await bring(
    usable.filter(({ out }) => isDirectory(out.oid!)).map((target) => want(target, target.out.oid!, false)),
  );
  const wanted: Wanted[] = [];
  for (const target of usable) {
    if (nowhere.has(name(target.out.hash, target.out.oid!))) continue;
    const isFolder = isDirectory(target.out.oid!);
    for (const { oid } of await members(repo, target)) wanted.push(want(target, oid, isFolder));
  }
  await bring(wanted);
  result.missing = usable.map(({ out }) => out).filter((out) => nowhere.has(name(out.hash, out.oid!)));
  return result;
}

/** Says which out a lost object belongs to. */
function named(error: unknown, out: Out): Error {
  const cause = error instanceof Error ? error : new Error(String(error));
  if (cause instanceof CorruptObject || cause instanceof MissingObject)
    cause.message = `${out.name}: ${cause.message}`;
  return cause;
}
