import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Readable } from 'node:stream';
import { AwsError } from '../errors.ts';
import { type Call, readBody } from './call.ts';
import { type CredentialScope, credentialScope } from './credential-scope.ts';

/** The secret of an access key; `undefined` for a key nobody was given. */
export type SecretOf = (accessKeyId: string) => string | undefined;

interface Signature {
  scope: CredentialScope;
  signedHeaders: string[];
  signature: string;
  /** `20261120T140000Z` */
  time: string;
  isPresigned: boolean;
}

const allowedSkewMs = 15 * 60 * 1000;
const bodyLimitBytes = 16 << 20;

/**
 * Checks a request's Signature Version 4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html)
 * and hands the call on with its body intact. Throws what the service throws for no, a wrong or an outdated signature.
 * The per-chunk signatures of a streamed upload are left unchecked: the first one covers its headers.
 */
export async function verifySignature(call: Call, service: string, secretOf: SecretOf): Promise<Call> {
  const words = service === 's3' ? s3Words : otherWords;
  const signed = parse(call);
  if (!signed) throw words.missing();
  if (signed.scope.service !== service) throw words.mismatch();
  const secret = secretOf(signed.scope.accessKeyId);
  if (secret === undefined) throw words.unknownKey();
  checkTime(call, signed, words);
  const { payloadHash, verified } = await hashPayload(call, service, signed);
  const expected = sign(canonicalRequest(call, service, signed, payloadHash), signed, secret);
  const given = Buffer.from(signed.signature);
  if (given.length !== expected.length || !timingSafeEqual(given, Buffer.from(expected)))
    throw words.mismatch();
  return verified;
}

function parse(call: Call): Signature | undefined {
  const scope = credentialScope(call);
  if (!scope) return undefined;
  const header = call.headers.authorization;
  const isPresigned = header === undefined;
  const field = (name: string) =>
    isPresigned ? call.query.get(`X-Amz-${name}`) : header.match(new RegExp(`\\b${name}=([^,\\s]+)`))?.[1];
  const [signedHeaders, signature] = [field('SignedHeaders'), field('Signature')];
  const time = isPresigned ? call.query.get('X-Amz-Date') : call.headers['x-amz-date'];
  if (!signedHeaders || !signature || typeof time !== 'string') return undefined;
  return { scope, signedHeaders: signedHeaders.split(';'), signature, time, isPresigned };
}

function checkTime(call: Call, signed: Signature, words: Words): void {
  const at = Date.parse(
    signed.time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  );
  const lifetimeMs = signed.isPresigned
    ? Number(call.query.get('X-Amz-Expires') ?? '0') * 1000
    : allowedSkewMs;
  // Written so that a time that is no time fails, too.
  if (!(Date.now() <= at + lifetimeMs && Date.now() >= at - allowedSkewMs)) throw words.expired();
}

/** The hash the signature covers; a body that nothing else compares with it is read and compared here. */
async function hashPayload(call: Call, service: string, signed: Signature) {
  const declared = call.headers['x-amz-content-sha256'];
  if (service === 's3')
    return {
      payloadHash: signed.isPresigned || typeof declared !== 'string' ? 'UNSIGNED-PAYLOAD' : declared,
      verified: call,
    };
  const bytes = await readBody(call, bodyLimitBytes);
  const payloadHash = createHash('sha256').update(bytes).digest('hex');
  return { payloadHash, verified: { ...call, body: Readable.from(bytes.length > 0 ? [bytes] : []) } };
}

const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

function canonicalRequest(call: Call, service: string, signed: Signature, payloadHash: string): string {
  // S3 signs the path as it is sent, every other service encodes it once more.
  const path = service === 's3' ? call.rawPath : call.rawPath.split('/').map(encode).join('/');
  const query = [...call.query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map((pair) => pair.join('='))
    .join('&');
  const headers = signed.signedHeaders.map((name) => {
    const value = call.headers[name];
    const text = Array.isArray(value) ? value.join(',') : (value ?? '');
    return `${name}:${text.trim().replace(/ +/g, ' ')}\n`;
  });
  return [call.method, path, query, headers.join(''), signed.signedHeaders.join(';'), payloadHash].join('\n');
}

function sign(request: string, { scope, time }: Signature, secret: string): string {
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const terms = [scope.date, scope.region, scope.service, 'aws4_request'];
  const key = terms.reduce<string | Buffer>(hmac, `AWS4${secret}`);
  const hash = createHash('sha256').update(request).digest('hex');
  return hmac(key, ['AWS4-HMAC-SHA256', time, terms.join('/'), hash].join('\n')).toString('hex');
}

/** How a service words its refusals. */
interface Words {
  missing(): AwsError;
  unknownKey(): AwsError;
  mismatch(): AwsError;
  expired(): AwsError;
}

const differs =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

const s3Words: Words = {
  missing: () => new AwsError('AccessDenied', 'Access Denied', 403),
  unknownKey: () =>
    new AwsError(
      'InvalidAccessKeyId',
      'The AWS Access Key Id you provided does not exist in our records.',
      403,
    ),
  mismatch: () => new AwsError('SignatureDoesNotMatch', differs, 403),
  expired: () =>
    new AwsError(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      403,
    ),
};

const otherWords: Words = {
  missing: () => new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token', 403),
  unknownKey: () =>
    new AwsError(
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
      403,
    ),
  mismatch: () => new AwsError('InvalidSignatureException', differs, 403),
  expired: () => new AwsError('InvalidSignatureException', 'Signature expired', 403),
};
