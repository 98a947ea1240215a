import { applyPlans } from '../checkout/apply.ts';
import { type Plan, planCheckout } from '../checkout/plan.ts';
import { Staging } from '../checkout/staging.ts';
import { CheckoutFailed } from '../errors.ts';
import { describe, type Out } from '../files/out.ts';
import { isDirectory, type Oid } from '../objects/oid.ts';
import { isWhole } from '../transfer/members.ts';
import { collect } from '../workspace/collect.ts';
import { locked } from '../workspace/lock.ts';
import type { Repo } from '../workspace/repo.ts';
import { type Selection, selectTargets, type Target } from '../workspace/targets.ts';
import { digestOf } from './identify.ts';

/** What a checkout can be asked. */
export interface CheckoutOptions extends Selection {
  /** Overwrite and delete files that exist nowhere else. */
  force?: boolean;
  /** Outs whose objects are nowhere are left out without an error. */
  allowMissing?: boolean;
  /** Make every file anew, as `cache.type` now says. */
  relink?: boolean;
  jobs?: number;
  log?: (line: string) => void;
}

/** What changed in the workspace. */
export interface CheckoutResult {
  /** Files put in place, replaced and taken away. */
  added: number;
  modified: number;
  deleted: number;
  /** Over the names and md5s of what was asked for: the same where the data is the same. */
  digest: string;
  outs: { path: string; oid: Oid; change: 'added' | 'modified' | undefined }[];
  /** Outs that could not be made because their objects are nowhere. */
  missing: string[];
}

/** Makes the workspace what the pointers say, from the cache alone. */
export async function checkout(repo: Repo, options: CheckoutOptions = {}): Promise<CheckoutResult> {
  return locked(repo, async () => {
    const targets = selectTargets(repo, collect(repo), options).filter(({ out }) => out.cache);
    const missing: Out[] = [];
    for (const target of targets) if (!(await isWhole(repo, target))) missing.push(target.out);
    return await checkoutTargets(repo, targets, missing, options);
  });
}

/** The second half of a pull: everything is planned before anything is changed, and what is missing is reported last. */
export async function checkoutTargets(
  repo: Repo,
  targets: Target[],
  missing: Out[],
  options: CheckoutOptions & { staging?: Staging },
): Promise<CheckoutResult> {
  const log = options.log ?? (() => {});
  const failed = new Set(missing);
  for (const { out } of targets)
    if (!out.oid) {
      log(`WARNING: No file hash info found for '${out.path}'. It won't be created.`);
      failed.add(out);
    }
  const plans: Plan[] = [];
  for (const target of targets)
    if (!failed.has(target.out)) plans.push(await planCheckout(repo, target, options.relink));
  const { force = false, staging = new Staging(repo) } = options;
  await applyPlans(repo, plans, { force, jobs: options.jobs || 8, staging });
  const names = [...failed].map((out) => describe(out, repo.cwd));
  if (names.length > 0 && !options.allowMissing) throw new CheckoutFailed(names, [...failed][0]?.file);
  return {
    ...count(plans),
    digest: digestOf(plans.map(({ out }) => out)),
    outs: plans.map(({ out, change }) => ({
      path: describe(out, repo.cwd) + (isDirectory(out.oid!) ? '/' : ''),
      oid: out.oid!,
      change,
    })),
    missing: names,
  };
}

function count(plans: Plan[]): { added: number; modified: number; deleted: number } {
  const placed = plans.flatMap((plan) => plan.place);
  const modified = placed.filter(({ replaces }) => replaces).length;
  return { added: placed.length - modified, modified, deleted: plans.flatMap((plan) => plan.remove).length };
}
