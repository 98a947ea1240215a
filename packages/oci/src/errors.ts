/** What every error of this package has: what happened in `message`, what to do next in `hint`. */
export class OciError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(options.hint ? `${message}\n${options.hint}` : message, { cause: options.cause });
    this.name = new.target.name;
    this.hint = options.hint;
  }
}

/** Text that is no image reference. */
export class InvalidReference extends OciError {}

/** A manifest, index or config that isn't one, or is of a kind this package doesn't read. */
export class InvalidManifest extends OciError {}

/** A folder that is no OCI image layout, or one that was only half written. */
export class InvalidLayout extends OciError {}

/** A folder that can't become a layer. */
export class InvalidLayer extends OciError {}

/** The base has no image for the platform asked for. */
export class PlatformMissing extends OciError {}

/** Bytes that don't have the digest or the size they were announced with. */
export class DigestMismatch extends OciError {}

/** A tar archive that breaks off or isn't one. */
export class InvalidTar extends OciError {}

/** A tar entry that would write, link or delete outside the folder it is unpacked into, or is no plain file. */
export class UnsafeTarEntry extends OciError {}

/** The registry refuses to move a tag that already names another image. */
export class TagIsImmutable extends OciError {}

/** An answer of a registry that isn't the one hoped for: `[PUT] https://host/v2/…: 403 DENIED …`. */
export class RegistryError extends OciError {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** The registry's own code (`BLOB_UNKNOWN`, `DENIED`, …) or ''. */
  readonly code: string;
  /** The wait the registry asked for (`Retry-After`), if any. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    facts: {
      status: number;
      code?: string;
      retryAfterMs?: number | undefined;
      hint?: string;
      cause?: unknown;
    },
  ) {
    super(message, facts);
    this.status = facts.status;
    this.code = facts.code ?? '';
    this.retryAfterMs = facts.retryAfterMs;
  }
}
