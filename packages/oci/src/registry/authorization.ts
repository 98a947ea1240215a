import { RegistryError } from '../errors.ts';
import { isLoopback } from '../reference.ts';
import { type Exchange, failure, printable, readBody, type Transport } from './transport.ts';

/** A registry login. */
export interface Credential {
  username: string;
  password: string;
}

/** A login, or how to get one: asked for again when the registry says that the last has expired. */
export type CredentialSource = Credential | (() => Promise<Credential | undefined>);

/** What a request is allowed to do in a repository. */
export type Scope = `repository:${string}:pull` | `repository:${string}:pull,push`;

interface Challenge {
  scheme: 'basic' | 'bearer';
  parameters: Record<string, string>;
}

/**
 * Answers a registry's challenge and remembers the answer per scope. Requests start bare: only the registry's 401
 * says whether it wants Basic (ECR) or a Bearer token from somewhere else (Docker Hub, public.ecr.aws, GHCR).
 */
export class Authorization {
  readonly #registry: string;
  readonly #transport: Transport;
  readonly #source: CredentialSource | undefined;
  readonly #headers = new Map<Scope | 'any', string>();
  /** What is being asked for right now: requests that were refused together wait for one answer. */
  readonly #earning = new Map<Scope | 'any', Promise<string | undefined>>();
  #challenge: Challenge | undefined;

  constructor(registry: string, transport: Transport, source?: CredentialSource) {
    this.#registry = registry;
    this.#transport = transport;
    this.#source = source;
  }

  /** Whether a new login can be had, so that a refusal may only mean that the last one has expired. */
  get renewable(): boolean {
    return typeof this.#source === 'function';
  }

  /** The header for a scope, if one has been earned. */
  header(scope: Scope): string | undefined {
    return this.#headers.get(this.#key(scope));
  }

  /**
   * Earns a new header from a 401 (or an expired login's 403). False: there is nothing to try with, or what was tried
   * (`used`) is all there is.
   */
  async renew(refused: Exchange, scope: Scope, used: string | undefined): Promise<boolean> {
    this.#challenge = parseChallenge(refused.response.headers['www-authenticate']) ?? this.#challenge;
    const key = this.#key(scope);
    const known = this.#headers.get(key);
    if (known !== undefined && known !== used) return true;
    const earning = this.#earning.get(key) ?? this.#earn(scope).finally(() => this.#earning.delete(key));
    this.#earning.set(key, earning);
    const header = await earning;
    if (header === undefined || header === used) return false;
    this.#headers.set(key, header);
    return true;
  }

  /** Only a Bearer token is for one scope. */
  #key(scope: Scope): Scope | 'any' {
    return this.#challenge?.scheme === 'bearer' ? scope : 'any';
  }

  async #earn(scope: Scope): Promise<string | undefined> {
    const credential = typeof this.#source === 'function' ? await this.#source() : this.#source;
    const basic = credential
      ? `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString('base64')}`
      : undefined;
    return this.#challenge?.scheme === 'bearer' ? await this.#token(this.#challenge, scope, basic) : basic;
  }

  async #token({ parameters }: Challenge, scope: Scope, basic: string | undefined): Promise<string> {
    const url = URL.parse(parameters.realm ?? '');
    if (!url || (url.protocol !== 'https:' && !(isLoopback(this.#registry) && isLoopback(url.host))))
      throw new RegistryError(`${this.#registry} sends logins to ${parameters.realm}, which is not https.`, {
        status: 401,
        hint: 'Nothing was sent there.',
      });
    if (parameters.service) url.searchParams.set('service', parameters.service);
    url.searchParams.set('scope', scope);
    const exchange = await this.#transport.send('GET', url, basic ? { authorization: basic } : {});
    if (exchange.status !== 200) throw await failure(exchange, 'The registry refuses this login.');
    const token = parseToken((await readBody(exchange, maxTokenBytes)).toString());
    if (token === undefined)
      throw new RegistryError(`[GET] ${printable(url)}: the answer holds no token`, { status: 200 });
    return `Bearer ${token}`;
  }
}

const maxTokenBytes = 1024 * 1024;

function parseToken(text: string): string | undefined {
  try {
    const { token, access_token } = JSON.parse(text);
    return [token, access_token].find((value) => typeof value === 'string');
  } catch {
    return undefined;
  }
}

function parseChallenge(header: string | undefined): Challenge | undefined {
  const scheme = header?.match(/^(basic|bearer)\b/i)?.[1]?.toLowerCase();
  if (scheme !== 'basic' && scheme !== 'bearer') return undefined;
  const pairs = [...header!.matchAll(/(\w+)="([^"]*)"/g)].map((match) => [match[1]!, match[2]!]);
  return { scheme, parameters: Object.fromEntries(pairs) };
}
