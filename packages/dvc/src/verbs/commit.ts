import { readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { relink } from '../checkout/relink.ts';
import { DvcError, Unsupported } from '../errors.ts';
import type { Out } from '../files/out.ts';
import { type Pointer, readPointer, recordFields, updatePointer, writeAtomically } from '../files/pointer.ts';
import { compareCodePoints, type Json } from '../objects/python-json.ts';
import type { Stage } from '../pipeline/pipeline.ts';
import { isUrl, paramValues } from '../pipeline/state.ts';
import { defaultParams } from '../pipeline/vars.ts';
import { plainValue, writeLock } from '../pipeline/write-lock.ts';
import { collect } from '../workspace/collect.ts';
import { ignoreInGit } from '../workspace/git.ts';
import { locked } from '../workspace/lock.ts';
import { look } from '../workspace/look.ts';
import { type DataRecord, recordData } from '../workspace/record.ts';
import { posixRelative } from '../workspace/relpath.ts';
import type { Repo } from '../workspace/repo.ts';
import { type Selection, select } from '../workspace/targets.ts';
import { mapOf, toYaml, type YamlNode } from '../yaml/tree.ts';
import { lookAt } from './add.ts';
import { outState } from './status.ts';

/** What a commit can be asked. */
export interface CommitOptions extends Selection {
  /** Leave workspace files as they are, whatever `cache.type` says. */
  noRelink?: boolean;
  /** Leave the stages of pipelines out. */
  dataOnly?: boolean;
  jobs?: number;
}

/** Records the data as it is now in pointers and lock files, and keeps it in the cache. Returns the files that changed. */
export async function commit(repo: Repo, options: CommitOptions = {}): Promise<string[]> {
  return locked(repo, async () => {
    const changed: string[] = [];
    const tracked = collect(repo);
    const { targets, stages } = select(repo, tracked, options);
    const chosen = new Set(targets.map(({ out }) => out.path));
    const imports: Pointer[] = [];
    for (const pointer of tracked.pointers.filter(({ outs }) => outs.some((out) => chosen.has(out.path)))) {
      // What was imported and is as it was needs no commit.
      if (pointer.deps.length === 0) {
        if (await commitPointer(repo, pointer, options)) changed.push(pointer.file);
      } else if (await isChanged(repo, pointer, Boolean(options.targets?.length))) imports.push(pointer);
    }
    for (const pipeline of tracked.pipelines) {
      const entries = new Map<string, YamlNode>();
      for (const stage of pipeline.stages)
        if (stages.has(stage) && !options.dataOnly)
          entries.set(stage.name, await lockEntry(repo, stage, options));
      if (entries.size > 0 && writeLock(pipeline.lock, entries)) changed.push(pipeline.lock.file);
    }
    const [first] = imports;
    if (first)
      throw new Unsupported(
        `'${posixRelative(repo.cwd, first.file)}' is an import whose data was changed: it cannot be committed here`,
        {
          file: first.file,
          hint: 'bring it back by `checkout --force`, or up to date by `dvc update`; all else is committed',
        },
      );
    return changed;
  });
}

async function isChanged(repo: Repo, { outs }: Pointer, isNamed: boolean): Promise<boolean> {
  const states = await Promise.all(outs.map((out) => outState(repo, out)));
  return states.some((state) => state && (isNamed || state !== 'not in cache'));
}

async function commitPointer(repo: Repo, pointer: Pointer, options: CommitOptions): Promise<boolean> {
  const before = readFileSync(pointer.file, 'utf8');
  for (const index of pointer.outs.keys()) {
    const current = readPointer(pointer.file, repo.root);
    const record = await commitOut(repo, current.outs[index]!, options);
    writeAtomically(pointer.file, updatePointer(current, index, record));
  }
  return readFileSync(pointer.file, 'utf8') !== before;
}

async function commitOut(repo: Repo, out: Out, options: CommitOptions): Promise<DataRecord> {
  const found = lookAt(repo, out.path, posixRelative(repo.cwd, out.path));
  let hash = out.hash;
  // As DVC does, data of a 2.x pointer moves to plain md5 when it changes, not before.
  if (
    hash === 'md5-dos2unix' &&
    (await recordData(repo, found, { hash, keep: false })).record.oid !== out.oid
  )
    hash = 'md5';
  const { record, entries } = await recordData(repo, found, { hash, keep: out.cache });
  if (out.cache) {
    ignoreInGit(repo, out.path);
    if (!options.noRelink) await relink(repo, { ...out, hash }, entries, options.jobs ?? 8);
  }
  return record;
}

/** A stage as `dvc.lock` holds it. */
async function lockEntry(repo: Repo, stage: Stage, options: CommitOptions): Promise<YamlNode> {
  const entry = (path: string, record: DataRecord): Record<string, Json> => ({
    path,
    ...(record.hash === 'md5' ? { hash: 'md5' } : {}),
    ...recordFields(record),
  });
  const deps: Record<string, Json>[] = [];
  for (const dep of [...stage.deps].sort(compareCodePoints)) {
    if (isUrl(dep))
      throw new Unsupported(`stage '${stage.name}' depends on ${dep}`, { hint: 'commit it by `dvc commit`' });
    const path = resolve(stage.wdir, dep);
    const found = look(repo, path, { follow: true });
    if (found.kind === 'nothing' || found.kind === 'other')
      throw new DvcError(`dependency '${dep}' does not exist`, { file: stage.file });
    const locked = stage.locked?.deps.find((item) => item.path === dep);
    const legacy =
      locked && locked.hash === undefined
        ? (await recordData(repo, found, { hash: 'md5-dos2unix', keep: false })).record
        : undefined;
    const record =
      legacy && legacy.oid === locked?.md5
        ? legacy
        : (await recordData(repo, found, { hash: 'md5', keep: false })).record;
    deps.push(entry(isAbsolute(dep) ? posixRelative(stage.wdir, path) : dep, record));
  }
  const outs: Record<string, Json>[] = [];
  for (const out of [...stage.outs].sort((a, b) => compareCodePoints(a.written, b.written)))
    outs.push(entry(out.written, await commitOut(repo, out, options)));
  const params = lockedParams(stage);
  return mapOf([
    ['cmd', toYaml(stage.cmd)],
    ...(deps.length > 0 ? [['deps', toYaml(deps)] satisfies [string, YamlNode]] : []),
    ...(params.length > 0 ? [['params', mapOf(params)] satisfies [string, YamlNode]] : []),
    ...(outs.length > 0 ? [['outs', toYaml(outs)] satisfies [string, YamlNode]] : []),
  ]);
}

/** Parameter files sorted by name, `params.yaml` first; their keys sorted. */
function lockedParams(stage: Stage): [string, YamlNode][] {
  const isDefault = (file: string): number => Number(file === defaultParams);
  const files = [...stage.params].sort(
    (a, b) => isDefault(b.file) - isDefault(a.file) || compareCodePoints(a.file, b.file),
  );
  return files.map(({ file, keys }) => {
    const values = paramValues(stage.wdir, file, keys);
    const lost = Object.keys(values).filter((key) => values[key] === undefined);
    if (lost.length > 0)
      throw new DvcError(`Parameters '${lost.join(', ')}' are missing from '${file}'.`, { file: stage.file });
    return [
      file,
      mapOf(
        Object.keys(values)
          .sort(compareCodePoints)
          .map((key) => [key, plainValue(values[key]!)]),
      ),
    ];
  });
}
