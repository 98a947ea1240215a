import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { RemoteConfig } from '../../config/config.ts';
import { ConfigError } from '../../errors.ts';
import type { HttpOptions } from './http.ts';
import type { Credentials } from './sign.ts';

/** An S3 remote's options as they are used. */
export interface Settings extends HttpOptions {
  bucket: string;
  /** Before every key: empty, or with a `/` at its end. */
  prefix: string;
  /** Where requests go, if not to AWS. */
  endpoint: URL | undefined;
  region: string;
  /** None: requests are not signed. */
  credentials: ((fresh: boolean) => Promise<Credentials>) | undefined;
  /** Sent with every request that stores something, and with every one that reads or stores. */
  storeHeaders: Record<string, string>;
  customerKeyHeaders: Record<string, string>;
}

/** Reads a remote's options, and from the environment and AWS's own files what they leave open. */
export function readSettings(remote: RemoteConfig, env: NodeJS.ProcessEnv = process.env): Settings {
  const { options } = remote;
  const match = /^s3:\/\/([^/]+)\/?(.*?)\/*$/.exec(remote.url);
  if (!match)
    throw new ConfigError(
      `configuration error - remote '${remote.name}': ${remote.url} is not s3://bucket/prefix`,
    );
  const profile = options.profile ?? env.AWS_PROFILE ?? 'default';
  const own = readProfile(options.configpath ?? env.AWS_CONFIG_FILE, profile);
  const isTrue = (key: string): boolean => options[key]?.toLowerCase() === 'true';
  const endpoint = options.endpointurl ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL ?? own.endpoint_url;
  const seconds = (key: string): number => Number(options[key] ?? 60) * 1000;
  return {
    bucket: match[1]!,
    prefix: match[2] ? `${match[2]}/` : '',
    endpoint:
      endpoint === undefined
        ? undefined
        : parseEndpoint(endpoint, options.use_ssl?.toLowerCase() === 'false'),
    region: options.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? own.region ?? 'us-east-1',
    credentials: isTrue('allow_anonymous_login') ? undefined : credentialsOf(options, profile),
    idleMs: seconds('read_timeout'),
    connectMs: seconds('connect_timeout'),
    verifyTls: options.ssl_verify?.toLowerCase() !== 'false',
    ca: readAuthority(options.ssl_verify),
    storeHeaders: storeHeaders(options),
    customerKeyHeaders: customerKey(options),
  };
}

/** The certificates in the file that `ssl_verify` names, if it names one. */
function readAuthority(value: string | undefined): string | undefined {
  if (value === undefined || /^(true|false)$/i.test(value)) return undefined;
  try {
    return readFileSync(value, 'utf8');
  } catch (cause) {
    throw new ConfigError(`configuration error - ssl_verify: cannot read ${value}`, { cause });
  }
}

function parseEndpoint(text: string, plain: boolean): URL {
  try {
    return new URL(text.includes('://') ? text : `${plain ? 'http' : 'https'}://${text}`);
  } catch (cause) {
    throw new ConfigError(`configuration error - the endpoint ${text} is not a url`, { cause });
  }
}

/** The options' own keys, else AWS's default chain: environment, shared files, SSO, web identity, container, instance. */
function credentialsOf(
  options: Record<string, string>,
  profile: string,
): (fresh: boolean) => Promise<Credentials> {
  const {
    access_key_id: accessKeyId,
    secret_access_key: secretAccessKey,
    session_token: sessionToken,
  } = options;
  if (accessKeyId && secretAccessKey)
    return async () => ({ accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) });
  let chain: Promise<(request?: { forceRefresh?: boolean }) => Promise<Credentials>> | undefined;
  return async (fresh) => {
    // Loaded when first needed: a pull that finds everything in place never gets here.
    chain ??= import('@aws-sdk/credential-provider-node').then(({ defaultProvider }) =>
      defaultProvider({
        ...(options.profile ? { profile } : {}),
        ...(options.credentialpath ? { filepath: options.credentialpath } : {}),
        ...(options.configpath ? { configFilepath: options.configpath } : {}),
      }),
    );
    return (await chain)(fresh ? { forceRefresh: true } : undefined);
  };
}

function storeHeaders(options: Record<string, string>): Record<string, string> {
  const names: Record<string, string> = {
    sse: 'x-amz-server-side-encryption',
    sse_kms_key_id: 'x-amz-server-side-encryption-aws-kms-key-id',
    acl: 'x-amz-acl',
    grant_read: 'x-amz-grant-read',
    grant_read_acp: 'x-amz-grant-read-acp',
    grant_write_acp: 'x-amz-grant-write-acp',
    grant_full_control: 'x-amz-grant-full-control',
  };
  return Object.fromEntries(
    Object.entries(names).flatMap(([key, name]) => (options[key] ? [[name, options[key]]] : [])),
  );
}

function customerKey(options: Record<string, string>): Record<string, string> {
  const { sse_customer_algorithm: algorithm = 'AES256', sse_customer_key: key } = options;
  if (!key) return {};
  const prefix = 'x-amz-server-side-encryption-customer';
  const md5 = createHash('md5').update(Buffer.from(key, 'base64')).digest('base64');
  return { [`${prefix}-algorithm`]: algorithm, [`${prefix}-key`]: key, [`${prefix}-key-md5`]: md5 };
}

/** One profile of AWS's config file; empty if there is none. */
function readProfile(file: string | undefined, profile: string): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(file ?? join(homedir(), '.aws', 'config'), 'utf8');
  } catch {
    return {};
  }
  const values: Record<string, string> = {};
  let inside = false;
  for (const line of text.split('\n')) {
    const section = /^\s*\[\s*(?:profile\s+)?(.*?)\s*\]/.exec(line);
    if (section) inside = section[1] === profile;
    const pair = /^(\w+)\s*=\s*(.*?)\s*$/.exec(line);
    if (inside && pair) values[pair[1]!] = pair[2]!;
  }
  return values;
}
