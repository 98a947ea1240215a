import { globSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { DvcError, UnknownTarget } from '../errors.ts';
import type { Out } from '../files/out.ts';
import { readPointer } from '../files/pointer.ts';
import { readPipeline, type Stage } from '../pipeline/pipeline.ts';
import type { Tracked } from './collect.ts';
import { gitIgnore } from './git.ts';
import { dvcIgnore } from './look.ts';
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

/** What targets stand for: outs, and the stages among whose outs they are (or that have none). */
export interface Selected {
  targets: Target[];
  stages: Set<Stage>;
}

/**
 * The outs that targets name: a `.dvc` file, a `dvc.yaml`, a stage (`name`, `dvc.yaml:name`, a foreach group), an out's
 * path, or a path inside a tracked directory; all outs without targets.
 */
export const selectTargets = (repo: Repo, tracked: Tracked, selection: Selection): Target[] =>
  select(repo, tracked, selection).targets;

/** The same, with the stages. */
export function select(repo: Repo, tracked: Tracked, selection: Selection): Selected {
  const { targets = [], recursive = false, glob = false } = selection;
  const stages = tracked.pipelines.flatMap((pipeline) => pipeline.stages);
  if (targets.length === 0) return { targets: tracked.outs.map((out) => ({ out })), stages: new Set(stages) };
  const named = glob ? expandGlobs(repo, targets) : targets;
  const found = named.map((target) => selectOne(repo, tracked, target, recursive));
  const chosen = found.flatMap((one) => one.targets);
  // Named twice is wanted once; the whole includes its parts.
  const whole = new Set(chosen.filter(({ inside }) => inside === undefined).map(({ out }) => out.path));
  const unique = new Map(chosen.map((target) => [`${target.out.path}\0${target.inside ?? ''}`, target]));
  const outs = new Set(chosen.map(({ out }) => out));
  return {
    targets: [...unique.values()].filter(({ out, inside }) => inside === undefined || !whole.has(out.path)),
    stages: new Set([
      ...found.flatMap((one) => [...one.stages]),
      ...stages.filter((stage) => stage.outs.some((out) => outs.has(out))),
    ]),
  };
}

/** Files that patterns match as Python's glob does, seen from where the repository was opened. */
export function expandGlobs(repo: Repo, patterns: string[]): string[] {
  const found = patterns.flatMap((pattern) => globSync(literal(pattern), { cwd: repo.cwd }));
  if (found.length === 0)
    throw new DvcError(`Glob ${JSON.stringify(patterns).replaceAll('"', "'")} has no matches.`);
  return [...new Set(found)].filter((path) => path !== '.').sort();
}

/** Python's glob knows `*`, `?` and `[…]`: what else means something to Node stands for itself. */
const literal = (pattern: string): string =>
  pattern.replace(/\[[!^]?\]?[^\]]*\]|[{(]/g, (part) =>
    part.length === 1 ? `[${part}]` : part.replace(/^\[\^(.*)\]$/s, '[$1^]'),
  );

function selectOne(repo: Repo, tracked: Tracked, target: string, recursive: boolean): Selected {
  const whole = (outs: Out[], stages: Stage[] = []): Selected => ({
    targets: outs.map((out) => ({ out })),
    stages: new Set(stages),
  });
  const all = (stages: Stage[]): Selected =>
    whole(
      stages.flatMap((stage) => stage.outs),
      stages,
    );
  const path = resolve(repo.cwd, target);
  if (basename(path) === 'dvc.lock')
    throw new UnknownTarget(target, `Did you mean: \`${target.replace(/lock$/, 'yaml')}\`?`);
  const [, pointer] = /^(.+\.dvc)(?::[^/:\\]*)?$/s.exec(target) ?? [];
  if (pointer !== undefined && basename(pointer) !== '.dvc') {
    const file = resolve(repo.cwd, pointer);
    checkNamed(repo, file, pointer);
    return whole((tracked.pointers.find((one) => one.file === file) ?? readPointer(file, repo.root)).outs);
  }
  const [, pipeline, name] = /^((?:.*[/\\])?dvc\.yaml|)(?::([^/:\\]+))?$/s.exec(target) ?? [];
  if (pipeline || name) {
    const file = pipeline || 'dvc.yaml';
    const here = stagesOf(repo, tracked, file);
    if (!name) return all(here);
    const stages = byName(here, name);
    if (stages.length === 0)
      throw new UnknownTarget(target, `Stage '${name}' not found inside '${file}' file`);
    return all(stages);
  }
  const isFolder = recursive && statSync(path, { throwIfNoEntry: false })?.isDirectory();
  if (isFolder) {
    const below = tracked.pipelines
      .flatMap((one) => one.stages)
      .filter((stage) => isInside(path, dirname(stage.file)));
    const outs = tracked.outs.filter((out) => isInside(path, dirname(out.file)));
    if (outs.length + below.length > 0) return whole(outs, below);
  } else {
    // A stage of this name comes before an out of this path.
    const here = tracked.pipelines.find((one) => one.file === resolve(repo.cwd, 'dvc.yaml'));
    const stages = byName(here?.stages ?? [], target);
    if (stages.length > 0) return all(stages);
  }
  const exact = tracked.outs.find((out) => out.path === path);
  if (exact) return whole([exact]);
  const around = tracked.outs.find((out) => isInside(out.path, path));
  if (around)
    return { targets: [{ out: around, inside: posixRelative(around.path, path) }], stages: new Set() };
  if (isFolder) return whole([]);
  throw unknown(repo, tracked, target);
}

/** Throws unless a file that was named is there, and hidden neither from DVC nor from Git. */
function checkNamed(repo: Repo, file: string, target: string): void {
  const hint = 'a pointer that is ignored is not used';
  if (!isInside(repo.root, file) || !statSync(file, { throwIfNoEntry: false })?.isFile())
    throw new UnknownTarget(target, `'${target}' does not exist`);
  if (dvcIgnore(repo).find(posixRelative(repo.root, file), false))
    throw new UnknownTarget(target, `'${target}' is dvc-ignored.`, { hint, file });
  if (gitIgnore(repo)?.find(posixRelative(repo.gitRoot!, file), false))
    throw new UnknownTarget(target, `bad DVC file name '${target}' is git-ignored.`, { hint, file });
}

/** The stages that have this name, or come from the group that has it. */
export const byName = (stages: Stage[], name: string): Stage[] =>
  stages.filter((stage) => stage.name === name || stage.base === name);

function stagesOf(repo: Repo, tracked: Tracked, target: string): Stage[] {
  const file = resolve(repo.cwd, target);
  checkNamed(repo, file, target);
  const found = tracked.pipelines.find((pipeline) => pipeline.file === file);
  return (found ?? readPipeline(file, repo.root, repo.config.parsing)).stages;
}

function unknown(repo: Repo, tracked: Tracked, target: string): UnknownTarget {
  const hasPipeline = tracked.pipelines.some(({ file }) => file === resolve(repo.cwd, 'dvc.yaml'));
  const why = hasPipeline
    ? `Stage '${target}' not found inside 'dvc.yaml' file`
    : "'dvc.yaml' does not exist";
  const known = tracked.outs.slice(0, 10).map((out) => posixRelative(repo.cwd, out.path));
  const isFolder = statSync(resolve(repo.cwd, target), { throwIfNoEntry: false })?.isDirectory();
  return new UnknownTarget(
    target,
    `'${target}' does not exist as an output or a stage name in 'dvc.yaml': ${why}`,
    {
      hint: isFolder
        ? 'to take every pointer below a folder, add -R'
        : `tracked here: ${known.join(', ') || 'nothing'}`,
    },
  );
}
