import { existsSync, globSync, lstatSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { DvcError, UnknownTarget } from '../errors.ts';
import type { Out } from '../files/out.ts';
import { readPointer } from '../files/pointer.ts';
import { readPipeline, type Stage } from '../pipeline/pipeline.ts';
import type { Tracked } from './collect.ts';
import { isInside, posixRelative } from './relpath.ts';
import type { Repo } from './repo.ts';

/** An out to work on; `inside` narrows it to one path in the directory, by `/`. */
export interface Target {
  out: Out;
  inside?: string;
}

/** How targets are to be read. */
export interface Selection {
  targets?: string[];
  /** A folder stands for every pointer and pipeline below it. */
  recursive?: boolean;
  /** Targets are patterns over the files there are. */
  glob?: boolean;
}

/**
 * The outs that targets name: a `.dvc` file, a `dvc.yaml`, a stage (`name`, `dvc.yaml:name`, a foreach group), an out's
 * path, or a path inside a tracked directory; all outs without targets.
 */
export function selectTargets(repo: Repo, tracked: Tracked, selection: Selection): Target[] {
  const { targets = [], recursive = false, glob = false } = selection;
  if (targets.length === 0) return tracked.outs.map((out) => ({ out }));
  const named = glob ? expandGlobs(repo, targets) : targets;
  const chosen = named.flatMap((target) => selectOne(repo, tracked, target, recursive));
  // Named twice is wanted once; the whole includes its parts.
  const whole = new Set(chosen.filter(({ inside }) => inside === undefined).map(({ out }) => out.path));
  const unique = new Map(chosen.map((target) => [`${target.out.path}\0${target.inside ?? ''}`, target]));
  return [...unique.values()].filter(({ out, inside }) => inside === undefined || !whole.has(out.path));
}

/** Files that patterns match, seen from where the repository was opened. */
export function expandGlobs(repo: Repo, patterns: string[]): string[] {
  const found = patterns.flatMap((pattern) => globSync(pattern, { cwd: repo.cwd }));
  if (found.length === 0)
    throw new DvcError(`Glob ${JSON.stringify(patterns).replaceAll('"', "'")} has no matches.`);
  return [...new Set(found)].sort();
}

function selectOne(repo: Repo, tracked: Tracked, target: string, recursive: boolean): Target[] {
  const whole = (outs: Out[]): Target[] => outs.map((out) => ({ out }));
  const path = resolve(repo.cwd, target);
  if (basename(path) === 'dvc.lock')
    throw new UnknownTarget(
      `'${target}' is a lock file. Did you mean: '${target.replace(/lock$/, 'yaml')}'?`,
    );
  if (path.endsWith('.dvc') && lstatSync(path, { throwIfNoEntry: false })?.isFile())
    return whole((tracked.pointers.find(({ file }) => file === path) ?? readPointer(path, repo.root)).outs);
  if (basename(path) === 'dvc.yaml' && existsSync(path))
    return whole(stagesOf(repo, tracked, path).flatMap((stage) => stage.outs));
  const [, file, name] = /^(.*dvc\.yaml):(.+)$/s.exec(target) ?? [];
  if (file && name) {
    const stages = byName(stagesOf(repo, tracked, resolve(repo.cwd, file)), name);
    if (stages.length === 0) throw new UnknownTarget(`Stage '${name}' not found inside '${file}' file`);
    return whole(stages.flatMap((stage) => stage.outs));
  }
  if (recursive && statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    const below = tracked.outs.filter((out) => isInside(path, dirname(out.file)));
    if (below.length > 0) return whole(below);
  }
  const exact = tracked.outs.find((out) => out.path === path);
  if (exact) return whole([exact]);
  const here = tracked.pipelines.find((pipeline) => pipeline.file === resolve(repo.cwd, 'dvc.yaml'));
  const stages = byName(here?.stages ?? [], target);
  if (stages.length > 0) return whole(stages.flatMap((stage) => stage.outs));
  const around = tracked.outs.find((out) => isInside(out.path, path));
  if (around) return [{ out: around, inside: posixRelative(around.path, path) }];
  throw unknown(repo, tracked, target, here !== undefined);
}

/** The stages that have this name, or come from the group that has it. */
export const byName = (stages: Stage[], name: string): Stage[] =>
  stages.filter((stage) => stage.name === name || stage.base === name);

function stagesOf(repo: Repo, tracked: Tracked, file: string): Stage[] {
  if (!existsSync(file)) throw new UnknownTarget(`'${posixRelative(repo.cwd, file)}' does not exist`);
  return (tracked.pipelines.find((pipeline) => pipeline.file === file) ?? readPipeline(file, repo.root))
    .stages;
}

function unknown(repo: Repo, tracked: Tracked, target: string, hasPipeline: boolean): UnknownTarget {
  const why = hasPipeline
    ? `Stage '${target}' not found inside 'dvc.yaml' file`
    : "'dvc.yaml' does not exist";
  const known = tracked.outs.slice(0, 10).map((out) => posixRelative(repo.cwd, out.path));
  const isFolder = statSync(resolve(repo.cwd, target), { throwIfNoEntry: false })?.isDirectory();
  return new UnknownTarget(`'${target}' does not exist as an output or a stage name in 'dvc.yaml': ${why}`, {
    hint: isFolder
      ? 'to take every pointer below a folder, add -R'
      : `tracked here: ${known.join(', ') || 'nothing'}`,
  });
}
