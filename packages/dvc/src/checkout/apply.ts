import { lstatSync, mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { UnsavedFiles } from '../errors.ts';
import { isDirectory } from '../objects/oid.ts';
import { eachLimited } from '../transfer/retry.ts';
import { isInside } from '../workspace/relpath.ts';
import type { Repo } from '../workspace/repo.ts';
import type { Plan } from './plan.ts';
import { removeFolders, Staging } from './staging.ts';

/** Carries out plans, all or none where files would be lost: throws UnsavedFiles before the first change unless `force`. */
export async function applyPlans(
  repo: Repo,
  plans: Plan[],
  options: { force: boolean; jobs: number; staging?: Staging },
): Promise<void> {
  const unsaved = plans.flatMap((plan) => plan.unsaved);
  if (unsaved.length > 0 && !options.force) throw new UnsavedFiles(unsaved);
  const { staging = new Staging(repo) } = options;
  try {
    for (const plan of plans) await apply(plan, staging, options.jobs);
  } finally {
    staging.remove();
  }
}

async function apply({ out, place, remove }: Plan, staging: Staging, jobs: number): Promise<void> {
  for (const path of remove) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) removeFolders(path);
    else rmSync(path, { force: true });
    removeEmptyFolders(dirname(path), out.path);
  }
  const each = async (work: (file: Plan['place'][number]) => Promise<void>): Promise<void> => {
    const [failure] = await eachLimited(place, jobs, work);
    if (failure) throw failure;
  };
  if (isDirectory(out.oid!) && !lstatSync(out.path, { throwIfNoEntry: false })) {
    await each(({ path, oid }) => staging.make(out, path, oid));
    if (staging.moveAll(out, place)) return;
    mkdirSync(out.path, { recursive: true });
  }
  for (const parent of new Set(place.map(({ path }) => dirname(path))))
    mkdirSync(parent, { recursive: true });
  await each(async ({ path, oid }) => {
    await staging.make(out, path, oid);
    await staging.move(out, path, oid);
  });
}

function removeEmptyFolders(folder: string, top: string): void {
  for (let at = folder; at !== top && isInside(top, at); at = dirname(at)) {
    try {
      rmdirSync(at);
    } catch {
      // It holds something else.
      return;
    }
  }
}
