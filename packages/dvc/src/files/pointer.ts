import { hash } from 'node:crypto';
import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Json, pythonJson } from '../objects/python-json.ts';
import type { DataRecord } from '../workspace/record.ts';
import { posixRelative } from '../workspace/relpath.ts';
import { emitYaml, stringifyYaml } from '../yaml/emit.ts';
import { parseYamlOf, readText } from '../yaml/read.ts';
import { fromYaml, update, type YamlText } from '../yaml/tree.ts';
import { checkEntry, dataKeys, isMap, type Out, parseOut } from './out.ts';

/** A `.dvc` file: what it tracks, and its text, so that it can be updated in place. */
export interface Pointer {
  file: string;
  /** The folder its paths are seen from, absolute. */
  wdir: string;
  data: Record<string, Json>;
  outs: Out[];
  /** Where the data comes from, for `import-url` and `import`. */
  deps: Record<string, Json>[];
  frozen: boolean;
  text: YamlText;
}

const stageKeys = {
  md5: 'checksum',
  cmd: 'any',
  wdir: 'text',
  frozen: 'boolean',
  locked: 'boolean',
  deps: 'list',
  outs: 'list',
  meta: 'any',
  desc: 'string',
  always_changed: 'boolean',
} as const;

const depKeys = { ...dataKeys, persist: 'boolean', repo: 'map', db: 'map' } as const;

/** Reads the `.dvc` file at `file`; `root` is the repository's. */
export function readPointer(file: string, root: string): Pointer {
  return parsePointer(readText(file), file, root);
}

/** Parses a `.dvc` file; throws InvalidFile on anything DVC would not accept, and on paths that lead out. */
export function parsePointer(source: string, file: string, root: string): Pointer {
  const text = parseYamlOf(source, file);
  const value = fromYaml(text.root);
  const data = value === null ? {} : checkEntry(value, 'the file', file, stageKeys);
  const wdir = resolve(dirname(file), typeof data.wdir === 'string' ? data.wdir : '.');
  const list = (name: 'outs' | 'deps'): Json[] => (Array.isArray(data[name]) ? data[name] : []);
  const deps = list('deps').map((entry, at) => checkEntry(entry, `deps -> ${at}`, file, depKeys));
  const imported = deps.some((dep) => dep.repo !== undefined)
    ? 'repository'
    : deps.length > 0
      ? 'url'
      : undefined;
  return {
    file,
    wdir,
    data,
    outs: list('outs').map((entry, at) =>
      parseOut(checkEntry(entry, `outs -> ${at}`, file), { file, wdir, root, imported }),
    ),
    deps,
    frozen: data.frozen === true || data.locked === true,
    text,
  };
}

/** A new `.dvc` file for one out. */
export function formatPointer(path: string, record: DataRecord, wdir?: string): string {
  return stringifyYaml({
    ...(wdir && wdir !== '.' ? { wdir } : {}),
    outs: [{ ...recordFields(record), ...(record.hash === 'md5' ? { hash: 'md5' } : {}), path }],
  });
}

/** What a record puts into a pointer or lock file, in DVC's order. */
export function recordFields({ oid, sizeBytes, files, isExecutable }: DataRecord): Record<string, Json> {
  return {
    md5: oid,
    ...(sizeBytes === undefined ? {} : { size: sizeBytes }),
    ...(files === undefined ? {} : { nfiles: files }),
    ...(isExecutable ? { isexec: true } : {}),
  };
}

/** The pointer's text with the out number `index` committed anew: order, comments and own keys kept. */
export function updatePointer(pointer: Pointer, index: number, record: DataRecord): string {
  const { outs: _, locked: __, ...rest } = pointer.data;
  const outs = entriesOf(pointer.data, 'outs').map((entry, at) => {
    const own = Object.entries(entry).filter(([key]) => at !== index || !committed.includes(key));
    const hash = record.hash === 'md5' ? { hash: 'md5' } : {};
    const fresh = at === index ? { ...recordFields(record), ...hash } : {};
    const path = posixRelative(pointer.wdir, pointer.outs[at]!.path);
    return withoutDefaults({ ...Object.fromEntries(own), ...fresh, path });
  });
  const wdir = posixRelative(dirname(pointer.file), pointer.wdir);
  const data = withoutDefaults({ ...rest, wdir, ...(pointer.frozen ? { frozen: true } : {}), outs });
  return emitYaml({ root: update(structuredClone(pointer.text.root), data), top: pointer.text.top });
}

/** The checksum of an import's own entries, which DVC keeps to see whether they were edited; none for other pointers. */
export function stageMd5(data: Pointer['data']): string | undefined {
  const [deps, outs] = [entriesOf(data, 'deps'), entriesOf(data, 'outs')];
  if (data.cmd || deps.length !== 1 || outs.length !== 1) return undefined;
  const { md5, ...rest } = data;
  const plain = withoutDefaults({ ...rest, outs: outs.map(withoutDefaults) });
  return hash('md5', pythonJson(without(plain, notHashed)));
}

const notHashed = [
  'desc',
  'type',
  'labels',
  'meta',
  'locked',
  'frozen',
  'metric',
  'persist',
  'isexec',
  'size',
  'nfiles',
];

function without(value: Json, keys: string[]): Json {
  if (Array.isArray(value)) return value.map((item) => without(item, keys));
  if (!isMap(value)) return value;
  const kept = Object.entries(value).filter(([key]) => !keys.includes(key));
  return Object.fromEntries(kept.map(([key, item]) => [key, without(item, keys)]));
}

const entriesOf = (data: Pointer['data'], name: 'outs' | 'deps'): Record<string, Json>[] =>
  Array.isArray(data[name]) ? data[name].filter(isMap) : [];

/** The keys that say which bytes an out has. */
const committed = Object.keys(dataKeys).filter((key) => key !== 'path' && key !== 'fs_config');

/** DVC writes neither what is so anyway nor what is empty. */
function withoutDefaults(entry: Record<string, Json>): Record<string, Json> {
  const defaults: Record<string, Json> = { wdir: '.', cache: true, push: true };
  const isEmpty = (value: Json): boolean =>
    typeof value === 'object' ? Object.keys(value ?? {}).length === 0 : value === '';
  return Object.fromEntries(
    Object.entries(entry).filter(
      ([key, value]) =>
        defaults[key] !== value && !isEmpty(value) && (value !== false || key === 'cache' || key === 'push'),
    ),
  );
}

/** Replaces a small file in one step that survives a power cut; who may read it stays as it was. */
export function writeAtomically(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`;
  const mode = statSync(file, { throwIfNoEntry: false })?.mode;
  try {
    const handle = openSync(temporary, 'wx', mode === undefined ? 0o666 : 0o600);
    try {
      if (mode !== undefined) fchmodSync(handle, mode & 0o777);
      writeSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
    syncFolder(dirname(file));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Makes a rename in a folder last; Windows does so by itself. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  fsyncSync(handle);
  closeSync(handle);
}
