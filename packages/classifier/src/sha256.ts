import type { Hash } from 'node:crypto';

/** A SHA-256 to feed. Loading node:crypto costs a cold start a sixth of Node's own boot: only who hashes pays. */
export function startSha256(): Hash {
  return process.getBuiltinModule('node:crypto').createHash('sha256');
}
