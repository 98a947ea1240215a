import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DvcError } from '../errors.ts';
import { parseOut } from '../files/out.ts';
import type { Pointer } from '../files/pointer.ts';
import type { Tracked } from '../workspace/collect.ts';
import { gitIgnore } from '../workspace/git.ts';
import { isInside, posixRelative } from '../workspace/relpath.ts';
import type { Repo } from '../workspace/repo.ts';

/** Where a target's record goes. */
export interface Place {
  file: string;
  /** The pointer that tracks it already, and which of its outs it is. */
  pointer?: Pointer;
  index: number;
  /** The out's path as the pointer spells it. */
  written: string;
  wdir?: string;
  /** The target is inside of a tracked directory: this is where the directory is tracked. */
  around?: Place;
}

/** The pointer that tracks a path already, or where a new one goes; throws where the path overlaps with other tracked data. */
export function findPlace(repo: Repo, tracked: Tracked, path: string, file: string | undefined): Place {
  const shown = posixRelative(repo.cwd, path);
  for (const pipeline of tracked.pipelines)
    for (const stage of pipeline.stages)
      for (const out of stage.outs)
        if (isInside(out.path, path) || isInside(path, out.path))
          throw new DvcError(
            `cannot update '${shown}': overlaps with an output of stage: '${stage.name}' in '${posixRelative(repo.cwd, pipeline.file)}'.\n` +
              "Run the pipeline or use 'dvc commit' to force update it.",
            { file: pipeline.file },
          );
  for (const pointer of tracked.pointers)
    for (const [index, out] of pointer.outs.entries()) {
      const place = { file: pointer.file, pointer, index, written: posixRelative(pointer.wdir, out.path) };
      if (out.path === path) {
        if (file && file !== pointer.file)
          throw new DvcError(`'${out.name}' is already tracked by ${posixRelative(repo.cwd, pointer.file)}`, {
            hint: 'leave --file out to update it there',
          });
        return place;
      }
      if (isInside(out.path, path)) {
        if (out.oid && !out.oid.endsWith('.dir'))
          throw new DvcError(`Cannot modify '${out.name}' which is being tracked as a file`, {
            file: pointer.file,
          });
        return { ...place, around: place };
      }
      if (isInside(path, out.path))
        throw new DvcError(
          `Cannot add '${shown}', because it is overlapping with other DVC tracked output: '${out.name}'.\n` +
            `To include '${out.name}' in '${shown}', run 'dvc remove ${posixRelative(repo.cwd, pointer.file)}' and then 'dvc add ${shown}'`,
          { file: pointer.file },
        );
    }
  return newPlace(repo, path, file ?? `${path}.dvc`);
}

function newPlace(repo: Repo, path: string, file: string): Place {
  if (!file.endsWith('.dvc')) throw new DvcError(`bad DVC file name '${file}'. It should end with .dvc`);
  if (!isInside(repo.root, file)) throw new DvcError(`${file} would be outside of the repository`);
  const rule = gitIgnore(repo)?.find(posixRelative(repo.gitRoot!, file), false);
  if (rule)
    throw new DvcError(`bad DVC file name '${posixRelative(repo.cwd, file)}' is git-ignored.`, {
      hint: `a pointer that Git ignores is not used: it is hidden by ${rule}`,
    });
  if (existsSync(file))
    throw new DvcError(`${posixRelative(repo.cwd, file)} exists already and tracks something else`, { file });
  const wdir = posixRelative(dirname(file), dirname(path));
  const written = posixRelative(dirname(path), path);
  // The pointer's own reader must accept what is about to be written.
  parseOut({ path: written, hash: 'md5' }, { file, wdir: dirname(path), root: repo.root });
  return { file, index: 0, written, ...(wdir === '.' ? {} : { wdir }) };
}
