import {
  closeSync,
  constants,
  copyFileSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { CorruptObject } from '../errors.ts';
import { type Cache, objectHash } from '../objects/cache.ts';
import { copyBytes } from '../objects/copy.ts';
import { hashBytes, hashFile } from '../objects/hash.ts';
import { digestOf, type HashName, type Oid } from '../objects/oid.ts';
import { hashInThread } from '../objects/threads.ts';
import { type Got, type Part, StoreError, type Take } from '../stores/store.ts';
import type { Lanes } from './lanes.ts';
import { eachLimited, patience, retry } from './retry.ts';
import type { Source } from './source.ts';

/** Objects up to this size are held in memory until they are verified. */
const smallBytes = 1 << 20;
/** The hashing thread is told about that many new bytes at a time. */
const reportBytes = 1 << 20;
/** So many parts of one object at once: more would only get further ahead of its md5, which takes in 0.75 GB a second. */
const partsAtOnce = 10;
/** A body that brings less within `paceMs` is given up; the next try goes on where it stopped. */
const leastPerPace = 32 << 10;

/**
 * Brings one object into the cache, verified, and (but where its blocks could be shared) to `copy`, if given: a path
 * where nothing is yet. One that arrives corrupt is fetched once more before it is given up. Every request takes one of
 * `lanes`; a large object takes several for its parts. Returns the object's size.
 */
export async function download(
  source: Source,
  cache: Cache,
  hash: HashName,
  oid: Oid,
  lanes: Lanes,
  copy?: string,
): Promise<number> {
  try {
    return await attempt(source, cache, hash, oid, lanes, copy);
  } catch (error) {
    if (!(error instanceof CorruptObject)) throw error;
    return attempt(source, cache, hash, oid, lanes, copy);
  }
}

async function attempt(
  source: Source,
  cache: Cache,
  hash: HashName,
  oid: Oid,
  lanes: Lanes,
  copy: string | undefined,
): Promise<number> {
  const name = objectHash(hash, oid);
  const check = (actual: string): void => {
    if (actual !== digestOf(oid)) throw new CorruptObject(oid, urlOf(source), actual);
  };
  const first = await lanes.run(() => retry(() => begin(source)));
  if (Buffer.isBuffer(first)) {
    check(hashBytes(first, name));
    cache.put(first, hash, oid);
    if (copy) writeFileSync(copy, first, { flag: 'wx' });
    return first.length;
  }
  const temporary = cache.createTemporary();
  try {
    const isCloned = clone(fileOf(source), temporary.path);
    check(
      isCloned
        ? await hashFile(temporary.path, name)
        : await receive(source, first, temporary.path, copy, name, lanes),
    );
    cache.adopt(temporary.path, hash, oid);
  } catch (error) {
    temporary.remove();
    if (copy) rmSync(copy, { force: true });
    throw error;
  }
  return first.totalBytes;
}

/** Makes a file share another's blocks, where the disk can: that takes no time, and no room. */
function clone(from: string | undefined, to: string): boolean {
  if (from === undefined) return false;
  try {
    copyFileSync(from, to, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    // The attempt took the file away.
    closeSync(openSync(to, 'w'));
    return false;
  }
}

/** A small object whole; of a larger one the open answer to the request for its first part. */
async function begin(source: Source): Promise<Buffer | Got> {
  const { partBytes } = source.store;
  const got = await request(source, partBytes ? { start: 0, end: partBytes - 1 } : undefined);
  if (got.totalBytes > smallBytes) return got;
  const file = fileOf(source);
  if (file !== undefined) return readFileSync(file);
  const chunks: Buffer[] = [];
  await read(got, source, (bytes) => void chunks.push(Buffer.from(bytes)));
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/**
 * Reads a large object into a file, its parts side by side, hashing what is complete from the front meanwhile. The copy
 * is made while the hash, which takes longest, comes to its end.
 */
async function receive(
  source: Source,
  first: Got,
  path: string,
  copy: string | undefined,
  name: HashName,
  lanes: Lanes,
): Promise<string> {
  const { totalBytes } = first;
  // Some servers answer with all of it, whatever part was asked for.
  const partBytes = first.end === totalBytes ? totalBytes : source.store.partBytes!;
  const parts = Array.from({ length: Math.ceil(totalBytes / partBytes) }, (_, at) => ({
    position: at * partBytes,
    end: Math.min((at + 1) * partBytes, totalBytes),
  }));
  const handle = openSync(path, 'r+');
  const hashing = name === 'md5' ? hashInThread(path) : undefined;
  let whole = 0;
  const advance = (): void => {
    while (whole < parts.length && parts[whole]!.position === parts[whole]!.end) whole += 1;
    hashing?.advance(parts[whole]?.position ?? totalBytes);
  };
  let opened: Got | undefined = first;
  const fill = async (part: { position: number; end: number }): Promise<void> => {
    const got =
      part.position === 0 && opened
        ? opened
        : await request(source, { start: part.position, end: part.end - 1 });
    if (got === opened) opened = undefined;
    if (got.start !== part.position || got.totalBytes !== totalBytes) {
      got.cancel();
      throw new StoreError(`[GET] ${urlOf(source)}: the object changed while it was read`, {
        retryable: true,
      });
    }
    await write(got, source, handle, part, advance);
  };
  try {
    const failures = await eachLimited(parts, partsAtOnce, (part) =>
      lanes.run(() => retry(() => fill(part), { progress: () => part.position })),
    );
    if (failures[0]) {
      await hashing?.end(0);
      throw failures[0];
    }
  } finally {
    closeSync(handle);
  }
  const [digest] = await Promise.all([
    hashing ? hashing.end(totalBytes) : hashFile(path, name),
    copy && copyBytes(path, copy, 0o666),
  ]);
  return digest;
}

/** Writes a part's bytes where they belong, as they come. */
async function write(
  got: Got,
  source: Source,
  handle: number,
  part: { position: number; end: number },
  advance: () => void,
): Promise<void> {
  let reported = part.position;
  await read(got, source, (bytes) => {
    if (part.position + bytes.length > part.end) throw new Error('more bytes came than were asked for');
    // Straight from where they were read to the page cache: handing them to another thread would take longer.
    writeAll(handle, bytes, part.position);
    part.position += bytes.length;
    if (part.position - reported < reportBytes && part.position < part.end) return;
    reported = part.position;
    advance();
  });
  if (part.position < part.end)
    throw new StoreError(`[GET] ${urlOf(source)}: the body ended early`, { retryable: true });
}

/** A disk that fills up may take a part of what it is given, and only say so the next time. */
function writeAll(handle: number, bytes: Buffer, position: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at, bytes.length - at, position + at);
}

/** Hands a body's bytes on; gives up on one that only drips. */
async function read(got: Got, source: Source, take: Take): Promise<void> {
  let since = 0;
  const pace = setInterval(() => {
    if (since < leastPerPace)
      got.cancel(new Error(`only ${since} bytes came in ${patience.paceMs / 1000} s`));
    since = 0;
  }, patience.paceMs);
  try {
    await got.read((bytes) => {
      since += bytes.length;
      take(bytes);
    });
  } catch (cause) {
    if (isSystemError(cause)) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError(`[GET] ${urlOf(source)}: the body broke off: ${why}`, { retryable: true, cause });
  } finally {
    clearInterval(pace);
  }
}

/** Whether it is this machine's disk that failed, not the connection. */
const isSystemError = (error: unknown): boolean =>
  error instanceof Error && 'syscall' in error && (error.syscall === 'write' || error.syscall === 'open');

function request({ store, key, versionId }: Source, range: Part['range']): Promise<Got> {
  return store.get(key, { ...(range ? { range } : {}), ...(versionId ? { versionId } : {}) });
}

const fileOf = ({ store, key }: Source): string | undefined => store.file?.(key);
const urlOf = ({ store, key }: Source): string => `${store.url}/${key}`;
