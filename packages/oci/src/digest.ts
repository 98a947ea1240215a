import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';
import { DigestMismatch } from './errors.ts';

const pattern = /^sha256:[0-9a-f]{64}$/;

/** Whether `text` is a sha256 digest as OCI writes it; other algorithms aren't used by any registry we meet. */
export function isDigest(text: string): boolean {
  return pattern.test(text);
}

/** `sha256:<hex>` of the bytes. */
export function digestOf(bytes: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

type Done = (error?: Error | null, data?: Buffer) => void;

/** Counts and hashes what passes through, and holds it to nothing: read `digest()` and `size` at the end. */
export class Meter extends Transform {
  readonly #hash = createHash('sha256');
  #digest: string | undefined;
  size = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: Done) {
    this.#hash.update(chunk);
    this.size += chunk.length;
    done(null, chunk);
  }

  /** `sha256:<hex>` of all that has passed; nothing may pass after the first call. */
  digest(): string {
    this.#digest ??= `sha256:${this.#hash.digest('hex')}`;
    return this.#digest;
  }
}

/** Passes bytes on and fails at their end, before the reader sees it, unless they have this digest (and size). */
export class Verifier extends Meter {
  readonly #expected: { digest: string; size?: number };
  readonly #source: string;

  constructor(expected: { digest: string; size?: number }, source: string) {
    super();
    this.#expected = expected;
    this.#source = source;
  }

  override _transform(chunk: Buffer, encoding: BufferEncoding, done: Done) {
    const { digest, size } = this.#expected;
    if (size !== undefined && this.size + chunk.length > size)
      done(new DigestMismatch(`${this.#source} sends more than the ${size} bytes announced for ${digest}.`));
    else super._transform(chunk, encoding, done);
  }

  override _flush(done: (error?: Error | null) => void) {
    const { digest, size } = this.#expected;
    if (size !== undefined && size !== this.size)
      done(
        new DigestMismatch(`${this.#source} sent ${this.size} bytes for ${digest}, ${size} were announced.`),
      );
    else if (digest !== this.digest())
      done(new DigestMismatch(`${this.#source} sent ${this.digest()} where ${digest} was asked for.`));
    else done();
  }
}
