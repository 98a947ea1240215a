import { DvcError } from '../errors.ts';

/** Which bytes: those from `start` up to and including `end` (all if left out), of this version (the newest). */
export interface Part {
  range?: { start: number; end: number };
  versionId?: string;
}

/** Takes the next bytes of an object; their memory is used again when it returns. */
export type Take = (bytes: Buffer) => void;

/** An answer: the object's bytes from `start` to before `end`, of `totalBytes` in all. */
export interface Got {
  /** Hands the bytes on, in order; rejects if they do not all come. */
  read(take: Take): Promise<void>;
  /** Ends it unread; an open `read` fails with `error`. */
  cancel(error?: Error): void;
  start: number;
  end: number;
  totalBytes: number;
}

/** A file to be stored; its md5 in hex where it is known, so that the far side can check it. */
export interface Upload {
  path: string;
  sizeBytes: number;
  md5?: string;
}

/** All this package asks of a remote. Keys are by `/`; an absent object is undefined to `size`, MissingObject to `get`. */
export interface Store {
  /** For messages: where it is, without secrets. */
  readonly url: string;
  /** Objects larger than this are best read in parts of this size, several at once; undefined: in one stream. */
  readonly partBytes: number | undefined;
  /** Objects are files on this machine: the one this key would be. */
  file?(key: string): string;
  size(key: string): Promise<number | undefined>;
  get(key: string, part?: Part): Promise<Got>;
  put(key: string, upload: Upload): Promise<void>;
}

/** A request to a store failed; `retryable` says whether the same request may yet work. */
export class StoreError extends DvcError {
  readonly status: number | undefined;
  readonly retryable: boolean;
  constructor(
    message: string,
    options: { status?: number | undefined; retryable: boolean; cause?: unknown; hint?: string },
  ) {
    super(message, options);
    this.status = options.status;
    this.retryable = options.retryable;
  }
}
