import type { Call } from './call.ts';

/** Who signed a request, and for which service: the credential scope of Signature Version 4. */
export interface CredentialScope {
  accessKeyId: string;
  date: string;
  region: string;
  service: string;
}

/** The scope in the `Authorization` header or the presigned query; `undefined` when the request is unsigned. */
export function credentialScope(call: Pick<Call, 'headers' | 'query'>): CredentialScope | undefined {
  const credential =
    call.headers.authorization?.match(/^AWS4-HMAC-SHA256\s.*?Credential=([^,\s]+)/)?.[1] ??
    call.query.get('X-Amz-Credential');
  const [accessKeyId, date, region, service, end, ...rest] = credential?.split('/') ?? [];
  if (!accessKeyId || !date || !region || !service || end !== 'aws4_request' || rest.length > 0)
    return undefined;
  return { accessKeyId, date, region, service };
}
