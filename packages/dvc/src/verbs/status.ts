import { statSync } from 'node:fs';
import { describe, type Out } from '../files/out.ts';
import { type Pointer, stageMd5 } from '../files/pointer.ts';
import { encodeDirectory } from '../objects/directory.ts';
import { isDirectory } from '../objects/oid.ts';
import type { Stage } from '../pipeline/pipeline.ts';
import { depStates, paramStates } from '../pipeline/state.ts';
import { isWhole } from '../transfer/members.ts';
import { collect, type Tracked } from '../workspace/collect.ts';
import { locked } from '../workspace/lock.ts';
import { look, oidOf } from '../workspace/look.ts';
import type { DataState } from '../workspace/record.ts';
import { posixRelative } from '../workspace/relpath.ts';
import type { Repo } from '../workspace/repo.ts';
import { type Selection, select } from '../workspace/targets.ts';

/** One thing that differs in a stage, as DVC prints it. */
export type Change =
  | string
  | { [kind in 'changed deps' | 'changed outs']?: Record<string, DataState | Record<string, string>> };

/** Per pointer or stage, what differs; empty if all is as it was recorded. */
export type Status = Record<string, Change[]>;

/** Compares the workspace with pointers and lock files. */
export async function status(repo: Repo, options: Selection = {}): Promise<Status> {
  return locked(repo, async () => {
    const result: Status = {};
    const tracked = collect(repo);
    const { targets, stages } = select(repo, tracked, options);
    const chosen = new Set(targets.map(({ out }) => out.path));
    for (const unit of units(repo, tracked)) {
      const outs = unit.outs.filter((out) => chosen.has(out.path));
      if (options.targets?.length && outs.length === 0 && !(unit.stage && stages.has(unit.stage))) continue;
      const changes = await changesOf(repo, { ...unit, outs });
      if (changes.length > 0) result[unit.name] = changes;
    }
    return result;
  });
}

/** Whether the repository tracks anything at all. */
export const isEmpty = ({ pointers, pipelines }: Tracked): boolean =>
  pointers.length + pipelines.length === 0;

interface Unit {
  name: string;
  outs: Out[];
  stage?: Stage;
  pointer?: Pointer;
}

function units(repo: Repo, tracked: Tracked): Unit[] {
  const here = (file: string): string => posixRelative(repo.cwd, file);
  return [
    ...tracked.pointers.map((pointer) => ({ name: here(pointer.file), outs: pointer.outs, pointer })),
    ...tracked.pipelines.flatMap(({ file, stages }) =>
      stages.map((stage) => {
        const name = here(file) === 'dvc.yaml' ? stage.name : `${here(file)}:${stage.name}`;
        return { name, outs: stage.outs, stage };
      }),
    ),
  ];
}

async function changesOf(repo: Repo, { outs, stage, pointer }: Unit): Promise<Change[]> {
  const changes: Change[] = [];
  if (stage && !stage.frozen) {
    const deps = { ...(await depStates(repo, stage)), ...paramStates(repo, stage) };
    if (Object.keys(deps).length > 0) changes.push({ 'changed deps': deps });
  }
  const changed: Record<string, DataState> = {};
  for (const out of outs) {
    const state = await outState(repo, out);
    if (state) changed[describe(out, repo.cwd)] = state;
  }
  if (Object.keys(changed).length > 0) changes.push({ 'changed outs': changed });
  // A stage that reads and makes nothing is for its effect, and always due.
  const isCallback =
    stage && stage.deps.length + stage.params.length + stage.outs.length === 0 && stage.cmd.length > 0;
  if (isCallback || stage?.alwaysChanged || pointer?.data.always_changed === true)
    changes.push('always changed');
  if (stage?.locked && JSON.stringify(stage.locked.cmd) !== JSON.stringify(stage.cmd))
    changes.push('changed command');
  if (pointer && (pointer.data.md5 || undefined) !== stageMd5(pointer.data)) changes.push('changed checksum');
  return changes;
}

/** How one out differs. Whether the cache could restore it is asked first, as DVC does. */
export async function outState(repo: Repo, out: Out): Promise<DataState | undefined> {
  if (out.oid && out.cache && !(await isWhole(repo, { out }))) return 'not in cache';
  const found = look(repo, out.path);
  if (found.kind === 'nothing') return 'deleted';
  if (!out.oid) return 'modified';
  if (found.kind === 'directory') {
    const links = found.others.map((file) => ({
      ...file,
      stat: statSync(file.path, { throwIfNoEntry: false }),
    }));
    // A link to a file is as good as the file: with `cache.type = symlink` all of them are.
    const linked = links.flatMap(({ stat, ...file }) => (stat?.isFile() ? [{ ...file, stat }] : []));
    if (!isDirectory(out.oid) || linked.length < links.length) return 'modified';
    const entries = await Promise.all(
      [...found.files, ...linked].map(async (file) => ({
        oid: await oidOf(repo, file, out.hash),
        relpath: file.relpath,
      })),
    );
    return encodeDirectory(entries).oid === out.oid ? undefined : 'modified';
  }
  if (found.kind === 'other' && !found.file.stat.isSymbolicLink()) return 'modified';
  const file = look(repo, out.path, { follow: true });
  return file.kind === 'file' && (await oidOf(repo, file.file, out.hash)) === out.oid
    ? undefined
    : 'modified';
}
