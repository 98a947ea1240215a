import { StoreError } from '../store.ts';
import { Gets } from './gets.ts';
import { type Answer, Http, type Outgoing, readText } from './http.ts';
import type { Settings } from './settings.ts';
import { encode, sign } from './sign.ts';

/** One call to S3. */
export interface S3Call {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Under the bucket. */
  key: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: () => Outgoing['body'];
}

const maxRedirects = 3;

/** Signs and sends calls to one bucket. Anything but 2xx is thrown as a StoreError that names call, url and cause. */
export class S3Client {
  private readonly settings: Settings;
  private readonly http: Http;
  private readonly gets: Gets;
  private region: string;
  private endpoint: URL | undefined;
  /** How far the server's clock is ahead of ours. */
  private skewMs = 0;
  /** When credentials were last asked for anew, and whether the next call is to do so. */
  private renewedAt = 0;
  private renew = false;
  constructor(settings: Settings) {
    this.settings = settings;
    this.http = new Http(settings);
    this.gets = new Gets(settings);
    this.region = settings.region;
    this.endpoint = settings.endpoint;
  }

  /** Makes a call; follows AWS to the bucket's own region, takes new credentials where the old have expired. */
  async call(call: S3Call): Promise<Answer> {
    for (let redirects = 0; ; redirects++) {
      const url = this.urlOf(call);
      const startedAt = Date.now();
      const answer = await this.send(call, url);
      const { status } = answer;
      if (status >= 200 && status < 300) return answer;
      const text = await readText(answer).catch(() => '');
      if (redirects < maxRedirects && this.learn(status, answer, text, url, startedAt)) continue;
      throw refused(call, url, status, text, answer);
    }
  }

  private async send(call: S3Call, url: URL): Promise<Answer> {
    const request = { method: call.method, url, headers: call.headers ?? {} };
    let headers: Record<string, string> = { ...request.headers, host: url.host };
    if (this.settings.credentials) {
      const { renew } = this;
      this.renew = false;
      const credentials = await this.settings.credentials(renew).catch((cause: unknown) => {
        throw new StoreError(
          `[${call.method}] ${plainUrl(url)}: failed to connect to s3 - ${messageOf(cause)}`,
          {
            retryable: false,
            cause,
            hint: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or log in by OIDC',
          },
        );
      });
      headers = sign(request, credentials, this.region, new Date(Date.now() + this.skewMs));
    }
    const body = call.body?.();
    try {
      const got = call.method === 'GET' ? await this.gets.send(url, headers) : undefined;
      return (
        got ??
        (await this.http.send({ method: call.method, url, headers, ...(body === undefined ? {} : { body }) }))
      );
    } catch (cause) {
      throw new StoreError(
        `[${call.method}] ${plainUrl(url)}: failed to connect to s3 - ${messageOf(cause)}`,
        { retryable: !isDistrust(cause), cause },
      );
    }
  }

  /** Takes from a refusal what makes the same call work: the right region or host, fresh credentials, the server's time. */
  private learn(status: number, answer: Answer, text: string, url: URL, startedAt: number): boolean {
    const code = tag(text, 'Code');
    const region = answer.headers['x-amz-bucket-region'] ?? tag(text, 'Region');
    if (
      (status === 301 || status === 307 || status === 400) &&
      typeof region === 'string' &&
      region !== this.region
    ) {
      this.region = region;
      return true;
    }
    if (status === 307 || status === 308 || status === 301 || status === 302) {
      const target = redirectTarget(answer.headers.location, url);
      if (!target) return false;
      this.endpoint = target;
      return true;
    }
    if (/^(ExpiredToken|ExpiredTokenException|TokenRefreshRequired)$/.test(code ?? '')) {
      // Of many calls that fail together one asks for new credentials; the others only try again with them.
      if (startedAt < this.renewedAt) return true;
      if (this.renewedAt > 0 && Date.now() - this.renewedAt < 60_000) return false;
      this.renew = true;
      this.renewedAt = Date.now();
      return true;
    }
    if (code === 'RequestTimeTooSkewed' && this.skewMs === 0 && answer.headers.date) {
      this.skewMs = Date.parse(answer.headers.date) - Date.now();
      return Number.isFinite(this.skewMs);
    }
    return false;
  }

  private urlOf({ key, query = {} }: S3Call): URL {
    const { bucket } = this.settings;
    // A bucket with dots in its name has no certificate under AWS's wildcard; a server of one's own has no host per bucket.
    const byPath = this.endpoint !== undefined || bucket.includes('.');
    const host =
      this.endpoint?.href.replace(/\/$/, '') ??
      `https://${byPath ? '' : `${bucket}.`}s3.${this.region}.amazonaws.com`;
    const path = [...(byPath ? [bucket] : []), ...key.split('/')].map(encode).join('/');
    const url = new URL(`${host}/${path}`);
    url.search = Object.entries(query)
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .join('&');
    return url;
  }
}

/** Where a redirect leads, if it may be followed: to the same path, never from https to http. */
function redirectTarget(location: string | undefined, from: URL): URL | undefined {
  if (!location) return undefined;
  const to = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (!to || (from.protocol === 'https:' && to.protocol !== 'https:') || to.pathname !== from.pathname)
    return undefined;
  return to.origin === from.origin ? undefined : new URL(to.origin);
}

/** The text of an element in S3's XML. */
export const tag = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];

/** A url without its query: that may hold secrets. */
const plainUrl = (url: URL): string => `${url.origin}${url.pathname}`;

const messageOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ('code' in cause ? String(cause.code) : cause.name);
};

/** Whether the far side could not prove who it is: it will not be able to the next time either. */
const isDistrust = (cause: unknown): boolean =>
  cause instanceof Error &&
  'code' in cause &&
  /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_)/.test(String(cause.code));

function refused({ method }: S3Call, url: URL, status: number, text: string, answer: Answer): StoreError {
  const code = tag(text, 'Code') ?? answer.statusText;
  const message = tag(text, 'Message') ?? '';
  const retryable =
    status >= 500 || status === 429 || status === 408 || code === 'SlowDown' || code === 'RequestTimeout';
  return new StoreError(`[${method}] ${plainUrl(url)}: ${status} ${code}${message ? `: ${message}` : ''}`, {
    status,
    retryable,
    ...hintFor(status, code),
  });
}

function hintFor(status: number, code: string): { hint?: string } {
  if (/^ExpiredToken/.test(code)) return { hint: 'the session token has expired: log in again' };
  if (code === 'NoSuchBucket') return { hint: 'create the bucket, or correct the url of the remote' };
  if (code === 'RequestTimeTooSkewed') return { hint: "set this machine's clock" };
  if (status === 403)
    return { hint: 'the credentials may not do this, or (without s3:ListBucket) there is no such object' };
  return {};
}
