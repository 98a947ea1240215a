import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';

const deflate = promisify<Buffer, object, Buffer>(deflateRaw);
const blockBytes = 256 * 1024;
const windowBytes = 32 * 1024;
// Level 4 is 2.5 times as fast as 6 on a native library and 3 % larger.
const level = 4;
const header = Buffer.from('1f8b08000000000000ff', 'hex');
/** An empty last block: ends the stream that the blocks before it left open. */
const lastBlock = Buffer.from('0300', 'hex');

/** Names all that decides gzip's bytes besides the input: with the same text, equal input gives equal output. */
export const compressor = `deflate ${level}, blocks of ${blockBytes}, zlib ${process.versions.zlib}`;

/**
 * Gzip as pigz does it: blocks are deflated side by side on libuv's threads, each with the 32 kB before it as its
 * dictionary, and joined into one ordinary gzip member. The bytes depend on the input alone, not on how many threads
 * there are or how the input was cut into chunks; the header has no time, no name and no operating system. Memory is a
 * handful of blocks; a chunk of the source may be overwritten once the next is asked for.
 */
export async function* gzip(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const atOnce = Math.min(availableParallelism(), 4) + 1;
  const pending: Promise<Buffer>[] = [];
  let dictionary: Buffer | undefined;
  let checksum = 0;
  let size = 0;
  yield header;
  // A block's place is free again when it has been deflated and the next one has taken its dictionary from it.
  for await (const block of inBlocks(source, atOnce + 1)) {
    checksum = crc32(block, checksum);
    size += block.length;
    const deflated = deflate(block, {
      level,
      finishFlush: constants.Z_SYNC_FLUSH,
      chunkSize: blockBytes + 1024,
      ...(dictionary ? { dictionary } : {}),
    });
    deflated.catch(() => {});
    pending.push(deflated);
    dictionary = block.subarray(-windowBytes);
    if (pending.length >= atOnce) yield await pending.shift()!;
  }
  for (const deflated of pending) yield await deflated;
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(checksum, 0);
  trailer.writeUInt32LE(size % 2 ** 32, 4);
  yield Buffer.concat([lastBlock, trailer]);
}

async function* inBlocks(source: AsyncIterable<Buffer>, places: number): AsyncGenerator<Buffer> {
  const blocks = Array.from({ length: places }, () => Buffer.allocUnsafe(blockBytes));
  let current = 0;
  let filled = 0;
  for await (const chunk of source)
    for (let at = 0; at < chunk.length; ) {
      const copied = chunk.copy(blocks[current]!, filled, at);
      at += copied;
      filled += copied;
      if (filled < blockBytes) continue;
      yield blocks[current]!;
      current = (current + 1) % places;
      filled = 0;
    }
  if (filled > 0) yield blocks[current]!.subarray(0, filled);
}
