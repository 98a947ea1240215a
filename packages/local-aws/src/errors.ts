/** What a service refuses, in AWS's own words: `code` is the error's name on the wire, `status` the HTTP status. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  /** Further members of the error's shape (for example `Reason`), and headers the reply must carry. */
  readonly fields: Record<string, unknown>;
  readonly headers: Record<string, string>;

  constructor(
    code: string,
    message: string,
    status = 400,
    extra: { fields?: Record<string, unknown>; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, { cause: extra.cause });
    this.name = 'AwsError';
    this.code = code;
    this.status = status;
    this.fields = extra.fields ?? {};
    this.headers = extra.headers ?? {};
  }
}

/** The port is in use by another program; says which one and how to take another. */
export class PortTakenError extends Error {
  override name = 'PortTakenError';
  readonly port: number;

  constructor(port: number, options?: ErrorOptions) {
    super(
      `Port ${port} is taken by another program. Stop it (is another local AWS running?) or choose another port: --port ${port + 1}, or --port 0 for any free one.`,
      options,
    );
    this.port = port;
  }
}

/** A file under the data folder does not hold what this program wrote there. */
export class StateError extends Error {
  override name = 'StateError';

  constructor(path: string, why: string, options?: ErrorOptions) {
    super(`${path}: ${why}. Move it away, or start with another --data folder.`, options);
  }
}

/** Another local AWS is serving from the same data folder. */
export class DataInUseError extends Error {
  override name = 'DataInUseError';

  constructor(folder: string, pid: number) {
    super(
      `${folder} is in use by another local AWS (process ${pid}). Stop it, or choose another --data folder.`,
    );
  }
}
