/** A request that can't be answered as it is: the status and code say which rule it broke, the message how to keep it. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;
  readonly code: string;
  /** Sent with the answer: `allow` beside a 405. */
  readonly headers: Record<string, string>;

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** The contract's error body. */
export function errorBody(code: string, message: string): { error: { code: string; message: string } } {
  return { error: { code, message } };
}

/** An event that nothing here answers, and whose sender wouldn't read a refusal: thrown, so that Lambda counts it. */
export class UnsupportedEvent extends Error {
  override readonly name = 'UnsupportedEvent';
}
