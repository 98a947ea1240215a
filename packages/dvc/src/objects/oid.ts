import { InvalidFile } from '../errors.ts';

/** An object's name: the md5 of its bytes in lowercase hex, `.dir` behind it when it lists a directory. */
export type Oid = string;

/** How the name was made: plain md5 (DVC 3), or md5 with CRLF read as LF in text files (DVC 2). */
export type HashName = 'md5' | 'md5-dos2unix';

/** Checks a name from outside before it is joined into any path; `where` says who claimed it, `file` in which pointer. */
export function parseOid(text: unknown, where: string, file?: string): Oid {
  if (typeof text === 'string' && /^[0-9a-f]{32}(\.dir)?$/.test(text)) return text;
  throw new InvalidFile(`${where}: ${JSON.stringify(text)} is not an md5`, {
    ...(file ? { file } : {}),
    hint: 'an md5 is 32 lowercase hex digits, with .dir behind it for a directory',
  });
}

/** Whether the object lists a directory. */
export const isDirectory = (oid: Oid): boolean => oid.endsWith('.dir');

/** The md5 the object's bytes must have. */
export const digestOf = (oid: Oid): string => oid.slice(0, 32);

/** Where the object lies under the root of a cache or a remote, by `/`. */
export function objectKey(hash: HashName, oid: Oid): string {
  const key = `${oid.slice(0, 2)}/${oid.slice(2)}`;
  return hash === 'md5' ? `files/md5/${key}` : key;
}
