import { AwsError } from '../errors.ts';

/** A path or a part of one without its percent-encoding; throws `code` where that is malformed. */
export function decodePath(text: string, code: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new AwsError(code, `The path holds a malformed escape: ${text}`, 400, { cause });
  }
}
