/** What any verb throws: what happened, to what, and (as `hint`) what to do next; `exitCode` is DVC's own. */
export class DvcError extends Error {
  readonly exitCode: number = 1;
  readonly hint: string | undefined;
  /** The pointer or config file at fault, where one is. */
  file: string | undefined;
  constructor(message: string, options: { cause?: unknown; hint?: string; file?: string } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = new.target.name;
    this.hint = options.hint;
    this.file = options.file;
  }
}

/** `.dvc/config` (or one of the files it is merged from) says something DVC does not know. */
export class ConfigError extends DvcError {
  override readonly exitCode: number = 251;
}

/** No `.dvc/` folder here or above. */
export class NotARepository extends DvcError {
  override readonly exitCode = 253;
}

/** The command line could not be understood. */
export class BadArguments extends DvcError {
  override readonly exitCode = 254;
}

/** No remote is named, and none is the default. */
export class NoRemote extends DvcError {}

/** Another DVC, or another one of us, is at work in this repository. */
export class RepositoryLocked extends DvcError {
  override readonly exitCode = 255;
}

/** A pointer, lock file or directory object that cannot be what it claims to be. */
export class InvalidFile extends DvcError {}

/** A target that no pointer or stage knows. */
export class UnknownTarget extends DvcError {
  readonly target: string;
  constructor(target: string, message: string, options: { hint?: string; file?: string } = {}) {
    super(message, options);
    this.target = target;
  }
}

/** Bytes whose md5 is not the one they are stored under. */
export class CorruptObject extends DvcError {
  readonly oid: string;
  constructor(oid: string, where: string, actual: string) {
    super(`object ${oid} is corrupt: ${where} holds bytes with md5 ${actual}`, {
      hint: 'nothing of it was written to the workspace; from a good copy, run `push --repair`',
    });
    this.oid = oid;
  }
}

/** The store has no such object. */
export class MissingObject extends DvcError {
  readonly key: string;
  constructor(key: string, where: string, options: { cause?: unknown } = {}) {
    super(`no object ${key} in ${where}`, options);
    this.key = key;
  }
}

/** One or more objects could not be moved; nothing was checked out. */
export class TransferFailed extends DvcError {
  readonly failures: Error[];
  constructor(verb: 'download' | 'upload', failures: Error[]) {
    const [first] = failures;
    const shown = failures.slice(0, 5).map((failure) => failure.message);
    if (failures.length > 5) shown.push(`… and ${failures.length - 5} more`);
    super(
      `${failures.length} file${failures.length === 1 ? '' : 's'} failed to ${verb}:\n${shown.join('\n')}`,
      {
        cause: first,
        ...(first instanceof DvcError && first.hint ? { hint: first.hint } : {}),
        ...(first instanceof DvcError && first.file ? { file: first.file } : {}),
      },
    );
    this.failures = failures;
  }
}

/** Files in the workspace that exist nowhere else and stand where a checkout would write. */
export class UnsavedFiles extends DvcError {
  readonly paths: string[];
  constructor(paths: string[]) {
    super(
      "failed to pull data from the cloud - Can't remove the following unsaved files without confirmation. " +
        `Use \`--force\` to force.\n${paths.join('\n')}`,
    );
    this.paths = paths;
  }
}

/** Some outs could not be put in place because neither the cache nor the remote has their objects. */
export class CheckoutFailed extends DvcError {
  constructor(targets: string[], file: string | undefined) {
    super(
      `Checkout failed for following targets:\n${targets.join('\n')}\nIs your cache up to date?\n` +
        '<https://error.dvc.org/missing-files>',
      file === undefined ? {} : { file },
    );
  }
}

/** Something DVC can do and we refuse, with what to do instead as the hint. */
export class Unsupported extends DvcError {}
