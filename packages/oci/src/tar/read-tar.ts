import { InvalidTar } from '../errors.ts';
import { blockBytes, decodeHeader, decodePax, padding, type TarHeader } from './header.ts';

/** An entry with its content, which must be read (or left, then it is skipped) before the next entry is asked for. */
export interface TarEntry extends TarHeader {
  content: AsyncIterable<Buffer>;
}

const maxRecordBytes = 1024 * 1024;

/**
 * The entries of an uncompressed tar (ustar, pax, GNU long names), one at a time and never a whole file in memory. The
 * source is read to its end, so checks that run there have run. Throws {@link InvalidTar}.
 */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const blocks = new Blocks(source);
  let pax = new Map<string, string>();
  let longPath: string | undefined;
  let longLink: string | undefined;
  for (;;) {
    const block = await blocks.take(blockBytes, 'a header');
    if (!block || block.every((byte) => byte === 0)) break;
    const header = decodeHeader(block);
    if ('xgLK'.includes(header.flag)) {
      if (header.size > maxRecordBytes) throw new InvalidTar('A record in the archive is over 1 MB.');
      const record = await blocks.take(header.size, 'a record');
      await blocks.take(padding(header.size).length, 'padding');
      const bytes = record ?? Buffer.alloc(0);
      if (header.flag === 'x') pax = decodePax(bytes);
      if (header.flag === 'K') longLink = bytes.toString('utf8').replace(/\0.*$/s, '');
      if (header.flag === 'L') longPath = bytes.toString('utf8').replace(/\0.*$/s, '');
      continue;
    }
    const size = pax.has('size') ? Number(pax.get('size')) : header.size;
    if (!Number.isSafeInteger(size) || size < 0) throw new InvalidTar('A pax header names no size in bytes.');
    const link = pax.get('linkpath') ?? longLink ?? header.link;
    const sparse = [...pax.keys()].some((key) => key.startsWith('GNU.sparse.'));
    const hasContent = header.type === 'file' || header.type === 'other';
    const content = blocks.content(hasContent ? size : 0);
    yield {
      path: pax.get('path') ?? longPath ?? header.path,
      type: sparse ? 'other' : header.type,
      mode: header.mode,
      size: hasContent ? size : 0,
      ...(link !== undefined ? { link } : {}),
      content,
    };
    await blocks.skipContent();
    if (hasContent) await blocks.take(padding(size).length, 'padding');
    pax = new Map();
    longPath = undefined;
    longLink = undefined;
  }
  await blocks.drain();
}

/** Cuts a stream of chunks of any size into pieces of the size asked for. */
class Blocks {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);
  #left = 0;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Exactly `size` bytes; undefined at the end of the source, an error when it ends in between. */
  async take(size: number, what: string): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    let missing = size;
    for await (const chunk of this.#upTo(size)) {
      parts.push(chunk);
      missing -= chunk.length;
    }
    if (missing === 0) return Buffer.concat(parts);
    if (parts.length === 0 && what === 'a header') return undefined;
    throw new InvalidTar(`The archive breaks off in ${what}.`);
  }

  /** The next `size` bytes as they come; what the reader leaves, even all of it, is {@link skipContent}'s. */
  content(size: number): AsyncGenerator<Buffer> {
    this.#left = size;
    return this.#content();
  }

  async skipContent(): Promise<void> {
    for await (const _ of this.#content());
  }

  async *#content(): AsyncGenerator<Buffer> {
    for await (const chunk of this.#upTo(this.#left)) {
      this.#left -= chunk.length;
      yield chunk;
    }
    if (this.#left > 0) throw new InvalidTar('The archive breaks off in a file.');
  }

  async drain(): Promise<void> {
    this.#rest = Buffer.alloc(0);
    while (!(await this.#source.next()).done);
  }

  async *#upTo(size: number): AsyncGenerator<Buffer> {
    for (let missing = size; missing > 0; ) {
      if (this.#rest.length === 0) {
        const next = await this.#source.next();
        if (next.done) return;
        this.#rest = next.value;
        continue;
      }
      const chunk = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(chunk.length);
      missing -= chunk.length;
      yield chunk;
    }
  }
}
