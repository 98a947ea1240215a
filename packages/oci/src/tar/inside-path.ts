import { UnsafeTarEntry } from '../errors.ts';

/** A tar path as segments below the root, '' for the root itself. Throws {@link UnsafeTarEntry} for every way out. */
export function insidePath(path: string, what = 'entry'): string {
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  // A backslash is a separator on Windows only, where it would let a segment hold several.
  const windows = process.platform === 'win32' && /[\\:]/.test(path);
  if (path.startsWith('/') || path.includes('\0') || segments.includes('..') || windows)
    throw new UnsafeTarEntry(`The archive has an ${what} that leads out of it: ${JSON.stringify(path)}.`);
  return segments.join('/');
}
