import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidReference } from './errors.ts';
import { formatReference, isLoopback, parseReference, registryUrl } from './reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('parseReference', () => {
  it.each([
    ['node', { registry: 'docker.io', repository: 'library/node' }],
    ['node:24', { registry: 'docker.io', repository: 'library/node', tag: '24' }],
    ['grafana/loki:3.1', { registry: 'docker.io', repository: 'grafana/loki', tag: '3.1' }],
    ['localhost/app', { registry: 'localhost', repository: 'app' }],
    [
      '127.0.0.1:4510/public/lambda/nodejs:24',
      { registry: '127.0.0.1:4510', repository: 'public/lambda/nodejs', tag: '24' },
    ],
    ['[::1]:4510/app:1', { registry: '[::1]:4510', repository: 'app', tag: '1' }],
    [
      `public.ecr.aws/lambda/nodejs@${digest}`,
      { registry: 'public.ecr.aws', repository: 'lambda/nodejs', digest },
    ],
    [`a.b/c:1@${digest}`, { registry: 'a.b', repository: 'c', tag: '1', digest }],
  ])('reads %s', (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });

  it.each([
    '',
    ':',
    '@',
    'UPPER/case',
    'host.com/',
    'host.com/a//b',
    'host.com/../x',
    'a:b:c',
    'a@sha256:12',
    `a@${digest}@${digest}`,
    'ho st.com/a',
    'http://host.com/a',
    'host.com:port/a',
    'a:-tag',
    `host.com/${'a'.repeat(256)}`,
    'user:pass@host.com/a',
  ])('refuses %j', (text) => {
    expect(() => parseReference(text)).toThrow(InvalidReference);
  });

  it('reads back what formatReference writes, and lets nothing else through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
        let parsed: ReturnType<typeof parseReference>;
        try {
          parsed = parseReference(text);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidReference);
          return;
        }
        expect(parseReference(formatReference(parsed))).toEqual(parsed);
      }),
    );
  });
});

describe('registryUrl', () => {
  it('speaks http to this machine only', () => {
    expect(registryUrl('127.0.0.1:4510')).toBe('http://127.0.0.1:4510');
    expect(registryUrl('[::1]:1')).toBe('http://[::1]:1');
    expect(registryUrl('docker.io')).toBe('https://registry-1.docker.io');
    for (const host of ['localhost.evil.com', '127.0.0.1.evil.com', '10.0.0.1:80', 'localhostx'])
      expect(isLoopback(host), host).toBe(false);
  });
});
