/** What one request may weigh. */
export interface Limits {
  bodyBytes: number;
  /** A longer text is refused; a shorter one that exceeds the model's tokens is cut, and the answer says so. */
  textBytes: number;
  texts: number;
}

const defaults = { MAX_BODY_BYTES: 5 * 1024 * 1024, MAX_TEXT_BYTES: 1024 * 1024, MAX_TEXTS: 256 };

/** Reads the limits from the environment; throws on a value that isn't a whole number above 0. */
export function readLimits(env: Record<string, string | undefined>): Limits {
  const limit = (name: keyof typeof defaults): number => {
    const value = env[name];
    if (value === undefined || value === '') return defaults[name];
    if (!/^[1-9]\d{0,14}$/.test(value)) throw new Error(`${name} is "${value}": give a whole number above 0`);
    return Number(value);
  };
  return {
    bodyBytes: limit('MAX_BODY_BYTES'),
    textBytes: limit('MAX_TEXT_BYTES'),
    texts: limit('MAX_TEXTS'),
  };
}
