import { hash } from 'node:crypto';
import { InvalidFile } from '../errors.ts';
import { parseRelpath } from '../workspace/relpath.ts';
import { type Oid, parseOid } from './oid.ts';
import { compareCodePoints, pythonJson } from './python-json.ts';

/** One file of a directory: the object that holds its bytes, and its path in the directory by `/`. */
export interface DirectoryEntry {
  oid: Oid;
  relpath: string;
}

/** A directory as an object: the bytes DVC would write for these files, whatever their order, and their name. */
export function encodeDirectory(entries: DirectoryEntry[]): { oid: Oid; bytes: Buffer } {
  const sorted = [...entries].sort((a, b) => compareCodePoints(a.relpath, b.relpath));
  const bytes = Buffer.from(pythonJson(sorted.map(({ oid, relpath }) => ({ md5: oid, relpath }))), 'ascii');
  return { oid: `${hash('md5', bytes)}.dir`, bytes };
}

/** Reads a directory object of any DVC version; a path twice, or one below a file, is as wrong as invalid JSON. */
export function parseDirectory(bytes: Buffer, oid: Oid): DirectoryEntry[] {
  const where = `directory object ${oid}`;
  let list: unknown;
  try {
    // Bytes that are no text would become names that nobody gave.
    list = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new InvalidFile(`${where} is not JSON in UTF-8`, { cause });
  }
  if (!Array.isArray(list)) throw new InvalidFile(`${where} is not a list`);
  const files = new Set<string>();
  const folders = new Set<string>();
  const entries = list.map((item: unknown): DirectoryEntry => {
    if (typeof item !== 'object' || item === null || !('md5' in item) || !('relpath' in item))
      throw new InvalidFile(`${where}: ${JSON.stringify(item)} has no md5 and relpath`);
    const relpath = parseRelpath(item.relpath, where);
    const member = parseOid(item.md5, `${where}, ${JSON.stringify(relpath)}`);
    if (member.endsWith('.dir')) throw new InvalidFile(`${where}: ${relpath} is a directory in a directory`);
    if (files.has(relpath)) throw new InvalidFile(`${where} lists ${JSON.stringify(relpath)} twice`);
    files.add(relpath);
    for (let slash = relpath.indexOf('/'); slash >= 0; slash = relpath.indexOf('/', slash + 1))
      folders.add(relpath.slice(0, slash));
    return { oid: member, relpath };
  });
  for (const file of files)
    if (folders.has(file))
      throw new InvalidFile(`${where} lists ${JSON.stringify(file)} as a file and as a folder`);
  return entries;
}
