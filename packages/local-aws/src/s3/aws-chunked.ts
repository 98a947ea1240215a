import { Transform, type TransformCallback } from 'node:stream';
import { AwsError } from '../errors.ts';

/**
 * Decodes `Content-Encoding: aws-chunked` (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html):
 * `size[;chunk-signature=…]\r\n data \r\n … 0\r\n [trailer: value\r\n]… \r\n`. Trailers land in `trailers`.
 */
export class AwsChunkedDecoder extends Transform {
  readonly trailers = new Map<string, string>();
  #pending: Buffer = Buffer.alloc(0);
  #state: 'size' | 'data' | 'data-end' | 'trailer' | 'done' = 'size';
  #left = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    try {
      while (this.#step()) {}
      done();
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }

  override _flush(done: TransformCallback): void {
    // A final line without its line end is still a trailer: some clients leave the last CRLF out.
    if (this.#state === 'trailer' && this.#pending.length > 0)
      this.#trailer(this.#pending.toString('latin1'));
    const whole = this.#state === 'done' || this.#state === 'trailer';
    done(whole ? null : incomplete('The aws-chunked body ended in the middle of a chunk'));
  }

  /** Consumes one piece; false when more bytes are needed. */
  #step(): boolean {
    if (this.#state === 'done') {
      this.#pending = Buffer.alloc(0);
      return false;
    }
    if (this.#state === 'data') {
      if (this.#pending.length === 0) return false;
      const piece = this.#pending.subarray(0, this.#left);
      this.push(piece);
      this.#pending = this.#pending.subarray(piece.length);
      this.#left -= piece.length;
      if (this.#left === 0) this.#state = 'data-end';
      return true;
    }
    const end = this.#pending.indexOf('\r\n');
    if (end < 0) {
      if (this.#pending.length > 16_384) throw incomplete('A line of the aws-chunked body is too long');
      return false;
    }
    const line = this.#pending.toString('latin1', 0, end);
    this.#pending = this.#pending.subarray(end + 2);
    if (this.#state === 'data-end') {
      if (line !== '') throw incomplete('A chunk of the aws-chunked body is longer than it says');
      this.#state = 'size';
    } else if (this.#state === 'size') {
      const size = line.split(';', 1)[0]!.trim();
      if (!/^[0-9a-f]{1,12}$/i.test(size))
        throw incomplete('A chunk size of the aws-chunked body is invalid');
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailer' : 'data';
    } else if (line === '') this.#state = 'done';
    else this.#trailer(line);
    return true;
  }

  #trailer(line: string): void {
    const colon = line.indexOf(':');
    if (colon > 0) this.trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
}

const incomplete = (message: string) => new AwsError('IncompleteBody', message);
