import { isAbsolute, resolve, sep } from 'node:path';
import { InvalidFile } from '../errors.ts';
import { encodeDirectory, parseDirectory } from '../objects/directory.ts';
import { type HashName, type Oid, parseOid } from '../objects/oid.ts';
import type { Json } from '../objects/python-json.ts';
import { isInside, parseRelpath, posixRelative } from '../workspace/relpath.ts';

/** A file or directory that a pointer or a pipeline tracks. */
export interface Out {
  /** Where it belongs, absolute. */
  path: string;
  /** The same from the repository's root, by `/`. */
  name: string;
  /** The same as its file spells it, seen from the wdir there. */
  written: string;
  /** Its object; none if it was never committed. */
  oid: Oid | undefined;
  hash: HashName;
  /** Total bytes, as the pointer says. */
  sizeBytes: number | undefined;
  isExecutable: boolean;
  /** False: it stays in Git, and is neither pulled nor pushed. */
  cache: boolean;
  /** False: it is not pushed (but pulled). */
  push: boolean;
  /** The remote this out is kept in, where not the default. */
  remote: string | undefined;
  /** The file that tracks it, absolute. */
  file: string;
  /** The stage of `dvc.yaml` that makes it. */
  stage: string | undefined;
  /** Kept in a version-aware remote: where each file is. */
  versions: VersionedFile[] | undefined;
  /** It comes from elsewhere: from another repository (whose remote has it), or from a url. */
  imported: 'repository' | 'url' | undefined;
}

/** One file in a version-aware remote: at its workspace path there, in this version. */
export interface VersionedFile {
  relpath: string;
  oid: Oid | undefined;
  remote: string | undefined;
  versionId: string | undefined;
}

type Check = 'string' | 'text' | 'checksum' | 'integer' | 'boolean' | 'any' | 'map' | 'list' | 'strings';

/** What says which bytes an out or a dependency has, and where. */
export const dataKeys = {
  path: 'string',
  md5: 'checksum',
  etag: 'checksum',
  checksum: 'checksum',
  size: 'integer',
  nfiles: 'integer',
  isexec: 'boolean',
  version_id: 'string',
  hash: 'string',
  files: 'list',
  cloud: 'map',
  fs_config: 'map',
} as const;

/** What may stand in one entry of `outs:`. */
const outKeys: Record<string, Check> = {
  ...dataKeys,
  cache: 'boolean',
  persist: 'boolean',
  remote: 'string',
  push: 'boolean',
  desc: 'string',
  type: 'string',
  labels: 'strings',
  meta: 'any',
};

/** An entry as data, every key known to DVC and of the right kind; InvalidFile names `where` otherwise. */
export function checkEntry(
  entry: Json | undefined,
  where: string,
  file: string,
  known: Record<string, Check> = outKeys,
): Record<string, Json> {
  if (!isMap(entry))
    throw new InvalidFile(`'${file}' validation failed: ${where} is not a mapping`, { file });
  for (const [key, value] of Object.entries(entry)) {
    const check = known[key];
    if (check === undefined)
      throw new InvalidFile(`'${file}' validation failed: extra keys not allowed, in ${where} -> ${key}`, {
        file,
      });
    if (!fits(value, check))
      throw new InvalidFile(`'${file}' validation failed: expected ${check}, in ${where} -> ${key}`, {
        file,
      });
  }
  return entry;
}

function fits(value: Json, check: Check): boolean {
  switch (check) {
    case 'any':
      return true;
    case 'integer':
      return Number.isInteger(value);
    case 'map':
      return isMap(value);
    // What is left empty says nothing, in these.
    case 'list':
      return value === null || Array.isArray(value);
    case 'text':
    case 'checksum':
      return value === null || typeof value === 'string';
    case 'strings':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    default:
      return typeof value === check;
  }
}

/** Whether a value is a mapping. */
export const isMap = (value: Json | undefined): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Makes an Out of a checked entry whose path is seen from `wdir`. */
export function parseOut(
  entry: Record<string, Json>,
  place: { file: string; wdir: string; root: string; stage?: string; imported?: Out['imported'] },
): Out {
  const { file, root } = place;
  if (typeof entry.path !== 'string' || entry.path === '')
    throw new InvalidFile(`'${file}' validation failed: an out has no path`, { file });
  const path = resolve(place.wdir, entry.path);
  const name = posixRelative(root, path);
  const cache = entry.cache !== false;
  if (cache) checkPlace(path, root, entry.path, file);
  const text = (key: string): string | undefined => (typeof entry[key] === 'string' ? entry[key] : undefined);
  const where = `${posixRelative(root, file)}, ${entry.path}`;
  if (entry.hash !== undefined && entry.hash !== 'md5')
    throw new InvalidFile(`${where}: objects named by ${JSON.stringify(entry.hash)} are not known`, { file });
  const versions = parseVersions(entry, where, file);
  const md5 = entry.md5 ? parseOid(entry.md5, where, file) : undefined;
  return {
    path,
    name,
    written: isAbsolute(entry.path) ? posixRelative(place.wdir, path) : entry.path,
    oid: md5 ?? (Array.isArray(entry.files) ? listedOid(versions ?? []) : undefined),
    hash: entry.hash === undefined && !versions ? 'md5-dos2unix' : 'md5',
    sizeBytes: typeof entry.size === 'number' ? entry.size : undefined,
    isExecutable: entry.isexec === true,
    cache,
    push: entry.push !== false,
    remote: text('remote'),
    file,
    stage: place.stage,
    versions,
    imported: place.imported,
  };
}

/** Nothing that comes from a pointer may stand outside the repository, or in what Git and DVC keep for themselves. */
function checkPlace(path: string, root: string, written: string, file: string): void {
  const refuse = (why: string): never => {
    throw new InvalidFile(`${posixRelative(root, file)}: out ${JSON.stringify(written)} ${why}`, {
      file,
      hint: 'correct its path (it is seen from the wdir of the file)',
    });
  };
  if (path === root || !isInside(root, path)) refuse('is outside of the repository');
  // What holds for a path in a directory holds for this one: on Windows `.git::$DATA` is `.git` by another name.
  parseRelpath(posixRelative(root, path), posixRelative(root, file));
  if (isPrivate(posixRelative(root, path))) refuse('is inside .git or .dvc');
}

/** Whether a path by `/` has a part that belongs to Git or DVC themselves, also as disks without case, or Windows, see it. */
export const isPrivate = (path: string): boolean =>
  path.split('/').some((part) => /^(\.git|\.dvc|git~\d+)[ .]*$/i.test(part));

function parseVersions(
  entry: Record<string, Json>,
  where: string,
  file: string,
): VersionedFile[] | undefined {
  const list: Json[] | undefined = Array.isArray(entry.files)
    ? entry.files
    : entry.cloud
      ? [{ ...entry, relpath: '' }]
      : undefined;
  return list?.map((item) => {
    if (!isMap(item)) throw new InvalidFile(`${where}: an entry of files is not a mapping`, { file });
    const [remote, cloud] = Object.entries(isMap(item.cloud) ? item.cloud : {})[0] ?? [];
    return {
      relpath: item.relpath === '' ? '' : parseRelpath(item.relpath, where),
      oid: item.md5 ? parseOid(item.md5, where, file) : undefined,
      remote,
      versionId: isMap(cloud) && typeof cloud.version_id === 'string' ? cloud.version_id : undefined,
    };
  });
}

/**
 * A directory whose files stand in the pointer itself has no md5 of its own there: it is that of their list, which is
 * held to the same rules as one that was fetched. None if a file's md5 is not known.
 */
function listedOid(versions: VersionedFile[]): Oid | undefined {
  const entries = versions.flatMap(({ oid, relpath }) => (oid ? [{ oid, relpath }] : []));
  if (entries.length < versions.length) return undefined;
  const { oid, bytes } = encodeDirectory(entries);
  parseDirectory(bytes, oid);
  return oid;
}

/** What a message calls the out. */
export const describe = (out: Out, from: string): string => posixRelative(from, out.path);

/** The absolute path of one of a directory's files. */
export const memberPath = (out: Out, relpath: string): string =>
  relpath === '' ? out.path : out.path + sep + (sep === '/' ? relpath : relpath.replaceAll('/', sep));
