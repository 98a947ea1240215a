import { readdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { DvcError, identify, type Repo } from '@mainline/dvc';
import { objectsOf } from '../lib/dvc-objects.ts';

/**
 * The same error with the pointer that names the object at fault as its `file`, for GitHub to annotate. One that
 * knows its file keeps it; one about no object stays as it is.
 */
export async function blamePointer(error: unknown, repo: Repo, targets: string[] = []): Promise<unknown> {
  if (!(error instanceof DvcError) || error.file) return error;
  // A key is an object's name with slashes in it: ab/cdef….
  const said = error.message.replaceAll(/[/\\]/g, '');
  if (!/[0-9a-f]{32}/.test(said)) return error;
  const named = targets
    .filter((target) => target.endsWith('.dvc'))
    .map((target) => resolve(repo.cwd, target));
  for (const file of named.length > 0 ? named : await pointersBelow(repo.root)) {
    const { outs } = identify(repo, { targets: [relative(repo.cwd, file)] });
    const { oids } = await objectsOf(repo, outs);
    if (oids.some((oid) => said.includes(oid.slice(0, 32)))) {
      error.file = file;
      return error;
    }
  }
  return error;
}

async function pointersBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = await Promise.all(
    entries.map((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory())
        return ['.git', '.dvc', 'node_modules'].includes(entry.name) ? [] : pointersBelow(path);
      return entry.isFile() && (entry.name.endsWith('.dvc') || entry.name === 'dvc.yaml') ? [path] : [];
    }),
  );
  return found.flat().sort();
}
