import { lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DvcError } from '../errors.ts';
import type { Out } from '../files/out.ts';
import { type Pointer, readPointer } from '../files/pointer.ts';
import { type Pipeline, readPipeline } from '../pipeline/pipeline.ts';
import { gitIgnore } from './git.ts';
import type { Ignore } from './ignore.ts';
import { dvcIgnore } from './look.ts';
import { isInside, posixRelative } from './relpath.ts';
import type { Repo } from './repo.ts';

/** Everything the repository tracks. */
export interface Tracked {
  pointers: Pointer[];
  pipelines: Pipeline[];
  outs: Out[];
}

/** Walks the repository for `.dvc` files and `dvc.yaml`s, leaving out what Git or DVC ignore, other repositories and tracked data itself. */
export function collect(repo: Repo): Tracked {
  const ignore = dvcIgnore(repo);
  const git = gitIgnore(repo);
  const pointers: Pointer[] = [];
  const pipelines: Pipeline[] = [];
  const outs: Out[] = [];
  const data = new Set<string>();
  const walk = (folder: string): void => {
    const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    const skip = (path: string, isFolder: boolean): boolean =>
      ignore.ignores(posixRelative(repo.root, path), isFolder) ||
      (git?.ignores(posixRelative(repo.gitRoot!, path), isFolder) ?? false);
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (!entry.isFile() || !isTracking(entry.name) || skip(path, false)) continue;
      let found: Out[];
      if (entry.name === 'dvc.yaml') {
        const pipeline = readPipeline(path, repo.root, repo.config.parsing);
        pipelines.push(pipeline);
        found = pipeline.stages.flatMap((stage) => stage.outs);
      } else {
        const pointer = readPointer(path, repo.root);
        pointers.push(pointer);
        found = pointer.outs;
      }
      for (const out of found) {
        checkOut(repo, ignore, out);
        outs.push(out);
        data.add(out.path);
      }
    }
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (!entry.isDirectory() || entry.name === '.dvc' || data.has(path) || skip(path, true)) continue;
      if (lstatSync(join(path, '.dvc'), { throwIfNoEntry: false })?.isDirectory()) continue;
      walk(path);
    }
  };
  walk(repo.root);
  checkOverlaps(outs, repo);
  return { pointers, pipelines, outs };
}

const isTracking = (name: string): boolean =>
  name === 'dvc.yaml' || (name.endsWith('.dvc') && name !== '.dvc');

/** Throws where an out could not be one: a file of DVC's own, or one that `.dvcignore` hides from it. */
function checkOut(repo: Repo, ignore: Ignore, out: Out): void {
  const { file } = out;
  if (isTracking(basename(out.written)))
    throw new DvcError(`DVC file '${out.written}' cannot be an output.`, { file });
  if (!isInside(repo.root, out.path)) return;
  const isFolder = lstatSync(out.path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const rule = ignore.find(out.name, isFolder);
  if (rule)
    throw new DvcError(`Path '${out.path}' is ignored by ${rule}`, {
      file,
      hint: 'take the pattern out of .dvcignore, or the out out of its file',
    });
}

function checkOverlaps(outs: Out[], repo: Repo): void {
  const byPath = new Map<string, Out>();
  const of = (out: Out): string => posixRelative(repo.root, out.file);
  for (const out of outs) {
    const twin = byPath.get(out.path);
    if (twin)
      throw new DvcError(
        `output '${out.name}' is specified in:\n\t- ${of(twin)}\n\t- ${of(out)}\nUse \`dvc remove\` with any of the above targets to remove the overlapping output.`,
        { file: out.file },
      );
    byPath.set(out.path, out);
  }
  for (const out of outs)
    for (let at = dirname(out.path); at !== repo.root && at !== dirname(at); at = dirname(at)) {
      const around = byPath.get(at);
      if (around)
        throw new DvcError(
          `The output paths:\n'${around.name}'('${of(around)}')\n'${out.name}'('${of(out)}')\noverlap and are thus in the same tracked directory.\nTo keep reproducibility, outputs should be in separate tracked directories or tracked individually.`,
          { file: out.file },
        );
    }
}
