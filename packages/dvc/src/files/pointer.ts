import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InvalidFile } from '../errors.ts';
import type { Json } from '../objects/python-json.ts';
import { emitYaml, stringifyYaml } from '../yaml/emit.ts';
import { fromYaml, parseYaml, update, type YamlText } from '../yaml/tree.ts';
import { checkEntry, isMap, type Out, parseOut } from './out.ts';

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
  md5: 'string',
  cmd: 'any',
  wdir: 'string',
  frozen: 'boolean',
  locked: 'boolean',
  deps: 'list',
  outs: 'list',
  meta: 'any',
  desc: 'string',
  always_changed: 'boolean',
} as const;

const depKeys = {
  path: 'string',
  md5: 'string',
  etag: 'string',
  checksum: 'string',
  size: 'integer',
  nfiles: 'integer',
  isexec: 'boolean',
  version_id: 'string',
  hash: 'string',
  fs_config: 'map',
  repo: 'map',
  db: 'map',
  files: 'list',
  cloud: 'map',
} as const;

/** Reads the `.dvc` file at `file`; `root` is the repository's. */
export function readPointer(file: string, root: string): Pointer {
  return parsePointer(readFileSync(file, 'utf8'), file, root);
}

/** Parses a `.dvc` file; throws InvalidFile on anything DVC would not accept, and on paths that lead out. */
export function parsePointer(source: string, file: string, root: string): Pointer {
  let text: YamlText;
  try {
    text = parseYaml(source);
  } catch (cause) {
    throw new InvalidFile(`'${file}' is not valid YAML: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
      file,
    });
  }
  const value = fromYaml(text.root);
  const data = value === null ? {} : checkEntry(value, 'the file', file, stageKeys);
  const wdir = resolve(dirname(file), typeof data.wdir === 'string' ? data.wdir : '.');
  const list = (name: 'outs' | 'deps'): Json[] => (Array.isArray(data[name]) ? data[name] : []);
  return {
    file,
    wdir,
    data,
    outs: list('outs').map((entry, at) =>
      parseOut(checkEntry(entry, `outs -> ${at}`, file), { file, wdir, root }),
    ),
    deps: list('deps').map((entry, at) => checkEntry(entry, `deps -> ${at}`, file, depKeys)),
    frozen: data.frozen === true || data.locked === true,
    text,
  };
}

/** What a commit of an out puts into its pointer. */
export interface OutRecord {
  path: string;
  md5: string;
  size?: number;
  nfiles?: number;
  isexec?: boolean;
}

/** A new `.dvc` file for one out. */
export function formatPointer(out: OutRecord, wdir?: string): string {
  const entry: Record<string, Json> = { md5: out.md5 };
  if (out.size !== undefined) entry.size = out.size;
  if (out.nfiles !== undefined) entry.nfiles = out.nfiles;
  if (out.isexec) entry.isexec = true;
  return stringifyYaml({
    ...(wdir && wdir !== '.' ? { wdir } : {}),
    outs: [{ ...entry, hash: 'md5', path: out.path }],
  });
}

/** The pointer's text with the out number `index` committed anew: order, comments and own keys kept. */
export function updatePointer(pointer: Pointer, index: number, out: OutRecord): string {
  const data = structuredClone(pointer.data);
  const entries = Array.isArray(data.outs) ? data.outs : [];
  const old = entries[index];
  if (!isMap(old)) throw new InvalidFile(`${pointer.file} has no out number ${index}`);
  const {
    md5: _,
    size: _s,
    nfiles: _n,
    isexec: _x,
    etag: _e,
    checksum: _c,
    files: _f,
    cloud: _l,
    version_id: _v,
    ...kept
  } = old;
  const fresh: Record<string, Json> = { ...kept, md5: out.md5, hash: 'md5' };
  if (out.size !== undefined) fresh.size = out.size;
  if (out.nfiles !== undefined) fresh.nfiles = out.nfiles;
  if (out.isexec) fresh.isexec = true;
  entries[index] = fresh;
  data.outs = entries.map((entry) =>
    isMap(entry) ? withoutDefaults(entry, { cache: true, push: true, persist: false }) : entry,
  );
  return emitYaml({
    root: update(
      structuredClone(pointer.text.root),
      withoutDefaults(data, { wdir: '.', frozen: false, always_changed: false }),
    ),
    below: pointer.text.below,
  });
}

/** DVC never writes what is so anyway. */
function withoutDefaults(entry: Record<string, Json>, defaults: Record<string, Json>): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(entry).filter(([key, value]) => defaults[key] !== value || !(key in defaults)),
  );
}

/** Replaces a small file in one step that survives a power cut. */
export function writeAtomically(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const handle = openSync(temporary, 'wx');
    try {
      writeSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
