import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a registry password turned out to be. */
export type TokenState = 'valid' | 'expired' | 'unknown';

/** Registry passwords that carry their own expiry under a signature, so they outlive a restart as ECR's do. */
export class Tokens {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  issue(expiresAt: Date): string {
    const payload = Buffer.from(JSON.stringify({ type: 'DATA_KEY', expiration: expiresAt.getTime() }));
    return `${payload.toString('base64url')}.${this.#sign(payload).toString('base64url')}`;
  }

  check(token: string, now = Date.now()): TokenState {
    const [payload = '', signature = ''] = token.split('.');
    const bytes = Buffer.from(payload, 'base64url');
    const expected = this.#sign(bytes);
    const given = Buffer.from(signature, 'base64url');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'unknown';
    const { expiration } = JSON.parse(bytes.toString('utf8')) as { expiration: number };
    return expiration > now ? 'valid' : 'expired';
  }

  #sign(payload: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(payload).digest();
  }
}
