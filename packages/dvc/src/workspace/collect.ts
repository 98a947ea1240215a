import { lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { DvcError, UnknownTarget } from '../errors.ts';
import type { Out } from '../files/out.ts';
import { type Pointer, readPointer } from '../files/pointer.ts';
import { Ignore } from './ignore.ts';
import { dvcIgnore } from './look.ts';
import { isInside, posixRelative } from './relpath.ts';
import type { Repo } from './repo.ts';

/** An out to work on; `inside` narrows it to one path in the directory, by `/`. */
export interface Target {
  out: Out;
  inside?: string;
}

/** Everything the repository tracks. */
export interface Tracked {
  pointers: Pointer[];
  outs: Out[];
}

/** Walks the repository for `.dvc` files, leaving out what Git or DVC ignore, other repositories and tracked data itself. */
export function collect(repo: Repo): Tracked {
  const ignore = dvcIgnore(repo);
  const gitIgnore = repo.gitRoot ? new Ignore(repo.gitRoot, '.gitignore', ['.git/']) : undefined;
  const pointers: Pointer[] = [];
  const outs: Out[] = [];
  const data = new Set<string>();
  const walk = (folder: string): void => {
    const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    const skip = (path: string, isFolder: boolean): boolean =>
      ignore.ignores(posixRelative(repo.root, path), isFolder) ||
      (gitIgnore?.ignores(posixRelative(repo.gitRoot!, path), isFolder) ?? false);
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (!entry.isFile() || !entry.name.endsWith('.dvc') || skip(path, false)) continue;
      const pointer = readPointer(path, repo.root);
      pointers.push(pointer);
      outs.push(...pointer.outs);
      for (const out of pointer.outs) data.add(out.path);
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
  return { pointers, outs };
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

/** The outs that targets name: a `.dvc` file, an out's path, or a path inside a tracked directory; all of them without targets. */
export function selectTargets(repo: Repo, tracked: Tracked, targets: string[]): Target[] {
  if (targets.length === 0) return tracked.outs.map((out) => ({ out }));
  return targets.flatMap((target) => selectOne(repo, tracked, target));
}

function selectOne(repo: Repo, tracked: Tracked, target: string): Target[] {
  const path = resolve(repo.cwd, target);
  if (basename(path).endsWith('.dvc') && lstatSync(path, { throwIfNoEntry: false })?.isFile()) {
    const pointer = tracked.pointers.find(({ file }) => file === path) ?? readPointer(path, repo.root);
    return pointer.outs.map((out) => ({ out }));
  }
  const exact = tracked.outs.find((out) => out.path === path);
  if (exact) return [{ out: exact }];
  const around = tracked.outs.find((out) => isInside(out.path, path));
  if (around) return [{ out: around, inside: posixRelative(around.path, path) }];
  throw new UnknownTarget(
    `'${target}' does not exist as an output or a stage name in 'dvc.yaml': 'dvc.yaml' does not exist`,
    {
      hint: `tracked here: ${
        tracked.outs
          .slice(0, 10)
          .map((out) => out.name)
          .join(', ') || 'nothing'
      }`,
    },
  );
}
