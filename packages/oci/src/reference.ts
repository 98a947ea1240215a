import { isDigest } from './digest.ts';
import { InvalidReference } from './errors.ts';

/** Where an image is: `registry/repository[:tag][@digest]`. */
export interface Reference {
  /** Host and port, `docker.io` when the text named none. */
  registry: string;
  repository: string;
  tag?: string;
  digest?: string;
}

// The grammar of the distribution specification; a repository is checked path segment by path segment.
const registryPattern = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
const segmentPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;

/** Whether `text` may tag an image. */
export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/** Whether `text` is a repository name, registry left out. */
export function isRepository(text: string): boolean {
  return text.length <= 255 && text.split('/').every((segment) => segmentPattern.test(segment));
}

/**
 * Reads `node:24`, `public.ecr.aws/lambda/nodejs:24`, `127.0.0.1:4510/app@sha256:…`; a name without a registry is
 * Docker Hub's. Throws {@link InvalidReference}.
 */
export function parseReference(text: string): Reference {
  const fail = (why: string): never => {
    throw new InvalidReference(`${JSON.stringify(text)} is not an image reference: ${why}.`, {
      hint: 'Write it as registry/repository:tag or registry/repository@sha256:….',
    });
  };
  const [named = '', digest, ...more] = text.split('@');
  if (more.length > 0) fail('it has more than one @');
  if (digest !== undefined && !isDigest(digest)) fail(`${JSON.stringify(digest)} is no sha256 digest`);

  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  if (tag !== undefined && !isTag(tag)) fail(`${JSON.stringify(tag)} is no tag`);

  const path = hasTag ? named.slice(0, colon) : named;
  const slash = path.indexOf('/');
  const first = path.slice(0, Math.max(slash, 0));
  const namesRegistry = /[.:\]]/.test(first) || first === 'localhost';
  const registry = namesRegistry ? first : 'docker.io';
  const rest = namesRegistry ? path.slice(slash + 1) : path;
  const repository = registry === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest;
  if (!registryPattern.test(registry)) fail(`${JSON.stringify(registry)} is no host`);
  if (!isRepository(repository))
    fail(`${JSON.stringify(rest)} is no repository (lower case, a-z 0-9 . _ - /)`);
  return { registry, repository, ...(tag ? { tag } : {}), ...(digest ? { digest } : {}) };
}

/** The text {@link parseReference} reads back to the same reference. */
export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
}

/** Whether a registry is this machine: spoken to over http, and its name means nothing anywhere else. */
export function isLoopback(registry: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(registry);
}

/** `https://host` of a registry, http on this machine; Docker Hub answers under another name than it is called by. */
export function registryUrl(registry: string): string {
  if (isLoopback(registry)) return `http://${registry}`;
  return `https://${registry === 'docker.io' ? 'registry-1.docker.io' : registry}`;
}
