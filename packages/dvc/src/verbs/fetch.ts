import { Unsupported } from '../errors.ts';
import { describe, type Out } from '../files/out.ts';
import { Remotes } from '../stores/remote.ts';
import { type Copies, type Fetched, fetchObjects } from '../transfer/fetch.ts';
import { isWhole } from '../transfer/members.ts';
import { collect } from '../workspace/collect.ts';
import { locked } from '../workspace/lock.ts';
import { posixRelative } from '../workspace/relpath.ts';
import type { Repo } from '../workspace/repo.ts';
import { type Selection, selectTargets, type Target } from '../workspace/targets.ts';

/** What a fetch can be asked. */
export interface FetchOptions extends Selection {
  /** Name of the remote, where not the default. */
  remote?: string;
  /** Transfers at once. */
  jobs?: number;
  log?: (line: string) => void;
}

/** How many transfers run at once if nothing says otherwise. */
export const defaultJobs = 16;

/** Objects brought into the cache, their bytes, and the outs whose object is nowhere. */
export interface FetchResult {
  files: number;
  sizeBytes: number;
  missing: string[];
}

/** Brings what the targets need into the cache, verified. Objects that are nowhere are warned about and listed. */
export async function fetch(repo: Repo, options: FetchOptions = {}): Promise<FetchResult> {
  return locked(repo, async () => {
    const { fetched, refused } = await fetchTargets(repo, options);
    refuseImports(repo, refused);
    return {
      files: fetched.files,
      sizeBytes: fetched.sizeBytes,
      missing: fetched.missing.map((out) => out.name),
    };
  });
}

/** The fetching half of a pull: which targets there are, and what could be had; `refused` are imports that only DVC can bring. */
export async function fetchTargets(
  repo: Repo,
  options: FetchOptions,
  copies?: Copies,
): Promise<{ targets: Target[]; refused: Out[]; fetched: Fetched; jobs: number }> {
  const log = options.log ?? (() => {});
  const targets: Target[] = [];
  const refused: Out[] = [];
  for (const target of selectTargets(repo, collect(repo), options)) {
    if (!target.out.cache) continue;
    if (await onlyDvcCanBring(repo, target)) refused.push(target.out);
    else targets.push(target);
  }
  const remotes = new Remotes(repo, options.remote);
  const jobs = options.jobs || remotes.named()?.jobs || defaultJobs;
  if (!remotes.named()) log('No remote provided and no default remote set.');
  repo.cache.sweep();
  const fetched = await fetchObjects(repo, targets, remotes, { jobs, log, ...(copies ? { copies } : {}) });
  if (fetched.missing.length > 0) log(missingObjects(fetched.missing));
  return { targets, refused, fetched, jobs };
}

/** DVC's warning about objects that are nowhere. */
export function missingObjects(outs: Out[]): string {
  const lines = [...new Set(outs.map(({ oid }) => `md5: ${oid}`))];
  return `WARNING: Some of the cache files do not exist neither locally nor on remote. Missing cache files:\n${lines.join('\n')}`;
}

/** Data of another repository is in that one's remote; data of a url that was never downloaded is only there. */
async function onlyDvcCanBring(repo: Repo, target: Target): Promise<boolean> {
  const { imported, oid } = target.out;
  if (imported === 'repository') return !(await isWhole(repo, target));
  return imported === 'url' && oid === undefined;
}

/** Throws, naming each, if there were imports that cannot be brought here. */
export function refuseImports(repo: Repo, outs: Out[]): void {
  const [first] = outs;
  if (!first) return;
  const names = outs.map((out) => `${describe(out, repo.cwd)} (${posixRelative(repo.cwd, out.file)})`);
  const kind =
    first.imported === 'repository'
      ? 'imported from another repository'
      : 'imported from a url and not downloaded yet';
  throw new Unsupported(`${names.join(', ')}: ${kind}, which is not supported`, {
    file: first.file,
    hint: 'bring it by `dvc pull` or `dvc update` once and keep it with `dvc add`; the other targets are complete',
  });
}
