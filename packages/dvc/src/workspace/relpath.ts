import paths, { type PlatformPath } from 'node:path';
import { InvalidFile } from '../errors.ts';

const reserved = /^(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])( *\..*)?$/i;

/** Checks a path from a directory object: relative, by `/`, and never above or beside the directory it is for. */
export function parseRelpath(
  text: unknown,
  where: string,
  platform: NodeJS.Platform = process.platform,
): string {
  const refuse = (why: string): never => {
    throw new InvalidFile(`${where}: relpath ${JSON.stringify(text)} ${why}`);
  };
  if (typeof text !== 'string') return refuse('is not a string');
  if (text.includes('\0')) return refuse('contains a NUL');
  // A lone surrogate has no UTF-8 form: it would be written under another name than it is listed by.
  if (!text.isWellFormed()) return refuse('is not valid Unicode');
  for (const part of text.split('/')) {
    if (part === '') return refuse('is absolute or has an empty part');
    if (part === '.' || part === '..') return refuse('leads out of its directory');
    if (
      platform === 'win32' &&
      (/[\\:*?"<>|\x00-\x1f]/.test(part) || /[ .]$/.test(part) || reserved.test(part))
    )
      return refuse('cannot be a file name on Windows');
  }
  return text;
}

/** Whether `path` is `folder` or lies in it (both absolute, by text: symlinks are not followed). */
export function isInside(folder: string, path: string, on: PlatformPath = paths): boolean {
  const between = on.relative(folder, path);
  return (
    between === '' || (between !== '..' && !between.startsWith(`..${on.sep}`) && !on.isAbsolute(between))
  );
}

/** The way from `folder` to `path`, by `/`; `.` for the folder itself. */
export function posixRelative(folder: string, path: string, on: PlatformPath = paths): string {
  return on.relative(folder, path).split(on.sep).join('/') || '.';
}
