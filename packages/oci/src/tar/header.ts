import { InvalidTar } from '../errors.ts';

/** Tar is written and read in blocks of 512 bytes. */
export const blockBytes = 512;

/** What an entry is; everything else a tar can hold (devices, fifos, sparse files) is `other`. */
export type EntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';

/** An entry of a layer. `path` has no leading or trailing slash when we write it; when read it is as found. */
export interface TarHeader {
  path: string;
  type: EntryType;
  /** Permission bits, at most 0o7777. */
  mode: number;
  /** Bytes of content that follow; 0 for all but files. */
  size: number;
  /** Target of a symlink or hardlink. */
  link?: string;
}

const flags: Record<Exclude<EntryType, 'other'>, string> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  directory: '5',
};
const maxOctalSize = 0o77777777777;

/**
 * The blocks of one header: ustar where the names fit in ASCII, one pax record before it where they don't. Owner 0,
 * time 0, no names of people: the same entry is the same bytes everywhere.
 */
export function encodeHeader(entry: TarHeader & { type: Exclude<EntryType, 'other'> }): Buffer {
  const path = entry.type === 'directory' ? `${entry.path}/` : entry.path;
  const link = entry.link ?? '';
  const split = splitPath(path);
  const records: [string, string][] = [];
  if (!split) records.push(['path', path]);
  if (!fits(link, 100)) records.push(['linkpath', link]);
  if (entry.size > maxOctalSize) records.push(['size', String(entry.size)]);

  const size = Math.min(entry.size, maxOctalSize);
  const main = ustar(split ?? { name: ascii(path, 100), prefix: '' }, flags[entry.type], {
    mode: entry.mode,
    size: entry.size > maxOctalSize ? 0 : size,
    link: ascii(link, 100),
  });
  if (records.length === 0) return main;
  const pax = Buffer.from(records.map(([key, value]) => paxRecord(key, value)).join(''));
  const name = { name: ascii(`PaxHeaders/${path}`, 100), prefix: '' };
  const before = ustar(name, 'x', { mode: 0o644, size: pax.length, link: '' });
  return Buffer.concat([before, pax, padding(pax.length), main]);
}

/** The zeros between content of this size and the next block. */
export function padding(size: number): Buffer {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

const fits = (text: string, bytes: number) => text.length <= bytes && /^[\x20-\x7e]*$/.test(text);

/** A stand-in for readers that don't know pax; those that do never look at it. */
const ascii = (text: string, bytes: number) => text.replace(/[^\x20-\x7e]/g, '_').slice(0, bytes);

function splitPath(path: string): { name: string; prefix: string } | undefined {
  if (fits(path, 100)) return { name: path, prefix: '' };
  if (!fits(path, 256)) return undefined;
  // The first slash that leaves at most 100 bytes behind it; a directory's own last slash can't be it.
  const slash = path.indexOf('/', path.length - 101);
  if (slash <= 0 || slash > 155 || slash === path.length - 1) return undefined;
  return { name: path.slice(slash + 1), prefix: path.slice(0, slash) };
}

/** What is the same in every header: no owner, no time, no device. */
const blank = Buffer.alloc(blockBytes);
for (const [at, digits] of [
  [108, 7],
  [116, 7],
  [136, 11],
  [329, 7],
  [337, 7],
] as const)
  blank.fill('0', at, at + digits);
blank.fill(' ', 148, 156);
blank.write('ustar\x0000', 257, 'latin1');

function ustar(
  { name, prefix }: { name: string; prefix: string },
  flag: string,
  { mode, size, link }: { mode: number; size: number; link: string },
): Buffer {
  const block = Buffer.from(blank);
  block.write(name, 0, 'latin1');
  block.write(mode.toString(8).padStart(7, '0'), 100, 'latin1');
  block.write(size.toString(8).padStart(11, '0'), 124, 'latin1');
  block.write(flag, 156, 'latin1');
  if (link) block.write(link, 157, 'latin1');
  if (prefix) block.write(prefix, 345, 'latin1');
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0`, 148, 'latin1');
  return block;
}

/** `<length> key=value\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + 1;
  while (length !== bytes + String(length).length) length = bytes + String(length).length;
  return `${length}${rest}`;
}

/** The sum of a header's bytes, its own eight counted as spaces. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < 148; i++) sum += block[i]!;
  for (let i = 156; i < blockBytes; i++) sum += block[i]!;
  return sum;
}

/** A header block as it stands: its flag may announce a pax or GNU record about the entry after it. */
export interface RawHeader extends TarHeader {
  flag: string;
}

/** Reads one header block. Throws {@link InvalidTar} when its checksum or a number in it is wrong. */
export function decodeHeader(block: Buffer): RawHeader {
  if (number(block, 148, 8) !== checksum(block)) throw new InvalidTar('A tar header has the wrong checksum.');
  const flag = String.fromCharCode(block[156]!).replace('\0', '0');
  const isUstar = block.toString('latin1', 257, 262) === 'ustar';
  // GNU's own format keeps other things where ustar has the prefix.
  const prefix = isUstar && block[262] === 0 ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  const path = prefix ? `${prefix}/${name}` : name;
  const link = text(block, 157, 100);
  return {
    flag,
    path,
    type: typeOf(flag, path),
    mode: number(block, 100, 8) & 0o7777,
    size: number(block, 124, 12),
    ...(link ? { link } : {}),
  };
}

/** Records of a pax header; a later one of the same key wins. Throws {@link InvalidTar} on a wrong length. */
export function decodePax(bytes: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(bytes.toString('latin1', at, space));
    const record = bytes.subarray(space + 1, at + length);
    const equals = record.indexOf(0x3d);
    if (!(length > 0) || at + length > bytes.length || equals < 0 || record.at(-1) !== 0x0a)
      throw new InvalidTar('A pax header in the archive is broken.');
    records.set(record.toString('utf8', 0, equals), record.toString('utf8', equals + 1, record.length - 1));
    at += length;
  }
  return records;
}

function typeOf(flag: string, path: string): EntryType {
  if (flag === '0' || flag === '7') return path.endsWith('/') ? 'directory' : 'file';
  if (flag === '1') return 'hardlink';
  if (flag === '2') return 'symlink';
  return flag === '5' ? 'directory' : 'other';
}

function text(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}

function number(block: Buffer, start: number, length: number): number {
  // GNU writes what doesn't fit in octal as a big-endian number after a byte 0x80.
  if (block[start]! & 0x80) {
    let value = 0n;
    for (let i = start + 1; i < start + length; i++) value = value * 256n + BigInt(block[i]!);
    if (block[start] !== 0x80 || value > BigInt(Number.MAX_SAFE_INTEGER))
      throw new InvalidTar('A number in a tar header is out of range.');
    return Number(value);
  }
  const digits = text(block, start, length).trim();
  if (!/^[0-7]*$/.test(digits)) throw new InvalidTar('A number in a tar header is not octal.');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}
