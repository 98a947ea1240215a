import { createHash } from 'node:crypto';
import { CheckoutFailed } from '../errors.ts';
import { describe } from '../files/out.ts';
import { isDirectory, type Oid } from '../objects/oid.ts';
import { Remotes } from '../stores/remote.ts';
import { fetchObjects } from '../transfer/fetch.ts';
import { collect, selectTargets } from '../workspace/collect.ts';
import type { Repo } from '../workspace/repo.ts';
import { checkout, type Plan, planCheckout } from './checkout.ts';

/** What a pull can be asked. */
export interface PullOptions {
  targets?: string[];
  remote?: string;
  /** Transfers at once. */
  jobs?: number;
  /** Overwrite and delete files that exist nowhere else. */
  force?: boolean;
  log?: (line: string) => void;
}

/** What a pull did. */
export interface PullResult {
  /** Objects fetched, and their bytes. */
  files: number;
  sizeBytes: number;
  /** Files put in place, replaced and taken away. */
  added: number;
  modified: number;
  deleted: number;
  /** Over the names and md5s of what was pulled: the same where the data is the same. */
  digest: string;
  outs: { path: string; oid: Oid; change: 'added' | 'modified' | undefined }[];
}

/** How many transfers run at once if nothing says otherwise. */
export const defaultJobs = 16;

/** Fetches what the targets need, verified, then puts it in place; throws before anything is changed if it cannot be complete. */
export async function pull(repo: Repo, options: PullOptions = {}): Promise<PullResult> {
  const log = options.log ?? (() => {});
  const targets = selectTargets(repo, collect(repo), options.targets ?? []).filter(({ out }) => out.cache);
  const remotes = new Remotes(repo, options.remote);
  const jobs = options.jobs || remotes.named()?.jobs || defaultJobs;
  if (!remotes.named()) log('No remote provided and no default remote set.');
  try {
    await repo.cache.sweep();
    const fetched = await fetchObjects(repo, targets, remotes, { jobs, log });
    const failed = new Set(fetched.missing);
    for (const { out } of targets)
      if (!out.oid) {
        log(`WARNING: No file hash info found for '${out.path}'. It won't be created.`);
        failed.add(out);
      }
    if (fetched.missing.length > 0)
      log(
        'WARNING: Some of the cache files do not exist neither locally nor on remote. Missing cache files:\n' +
          fetched.missing.map(({ oid }) => `md5: ${oid}`).join('\n'),
      );
    const plans: Plan[] = [];
    for (const target of targets) if (!failed.has(target.out)) plans.push(await planCheckout(repo, target));
    await checkout(repo, plans, { force: options.force ?? false, jobs });
    if (failed.size > 0) throw new CheckoutFailed([...failed].map((out) => describe(out, repo.cwd)));
    return {
      files: fetched.files,
      sizeBytes: fetched.sizeBytes,
      ...count(plans),
      digest: digest(plans),
      outs: plans.map(({ out, change }) => ({
        path: describe(out, repo.cwd) + (isDirectory(out.oid!) ? '/' : ''),
        oid: out.oid!,
        change,
      })),
    };
  } finally {
    repo.state.save();
  }
}

function count(plans: Plan[]): { added: number; modified: number; deleted: number } {
  const placed = plans.flatMap((plan) => plan.place);
  const modified = placed.filter(({ replaces }) => replaces).length;
  return { added: placed.length - modified, modified, deleted: plans.flatMap((plan) => plan.remove).length };
}

function digest(plans: Plan[]): string {
  const lines = plans.map(({ out }) => `${out.oid} ${out.name}\n`).sort();
  return createHash('md5').update(lines.join('')).digest('hex');
}
