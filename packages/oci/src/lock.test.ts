import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratch } from '../test/scratch.ts';
import { scriptedRegistry } from '../test/scripted-registry.ts';
import { digestOf } from './digest.ts';
import { InvalidReference } from './errors.ts';
import { InvalidLock, lock, pinned } from './lock.ts';
import { mediaTypes } from './manifest.ts';

const digest = digestOf('index');

describe('lock', () => {
  it('pins what the registry says, moves pins, and leaves the rest of the file alone', async () => {
    const file = join(await scratch(), 'image.lock.json');
    let content = '{"schemaVersion":2,"manifests":[]}';
    const server = await scriptedRegistry((_, response) =>
      response.writeHead(200, { 'content-type': mediaTypes.index }).end(content),
    );
    const base = `${server.registry}/lambda/nodejs:24`;
    expect(await lock([base, `${server.registry}/other`], { file })).toEqual([
      { reference: base, before: undefined, after: digestOf(content) },
      { reference: `${server.registry}/other`, before: undefined, after: digestOf(content) },
    ]);
    const first = content;
    content = '{"schemaVersion":2, "manifests":[]}';
    expect(await lock([base], { file })).toEqual([
      { reference: base, before: digestOf(first), after: digestOf(content) },
    ]);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      version: 1,
      bases: { [base]: digestOf(content), [`${server.registry}/other:latest`]: digestOf(first) },
    });
    expect((await lock([], { file })).map(({ after }) => after)).toEqual([
      digestOf(content),
      digestOf(content),
    ]);
  });

  it('keeps the file when a registry fails', async () => {
    const file = join(await scratch(), 'image.lock.json');
    writeFileSync(file, JSON.stringify({ version: 1, bases: { 'a.example/b:1': digest } }));
    const server = await scriptedRegistry((_, response) => response.writeHead(404).end());
    await expect(lock([`${server.registry}/x:1`], { file })).rejects.toThrow(/404/);
    await expect(lock([`a.example/b@${digest}`], { file })).rejects.toThrow(InvalidReference);
    expect(JSON.parse(readFileSync(file, 'utf8')).bases).toEqual({ 'a.example/b:1': digest });
  });
});

describe('pinned', () => {
  it('adds the digest, and leaves alone what needs none', async () => {
    const file = join(await scratch(), 'image.lock.json');
    const same = [
      `a.example/b@${digest}`,
      'oci:folder',
      'docker-archive:x.tar',
      '127.0.0.1:4510/public/lambda/nodejs:24',
    ];
    for (const reference of [...same, 'a.example/b:1']) expect(await pinned(reference, file)).toBe(reference);
    writeFileSync(
      file,
      JSON.stringify({
        version: 1,
        bases: { 'a.example/b:1': digest, 'docker.io/library/node:latest': digest },
      }),
    );
    for (const reference of same) expect(await pinned(reference, file)).toBe(reference);
    expect(await pinned('a.example/b:1', file)).toBe(`a.example/b:1@${digest}`);
    expect(await pinned('node', file)).toBe(`docker.io/library/node@${digest}`);
    await expect(pinned('a.example/b:2', file)).rejects.toThrow(
      /does not pin a\.example\/b:2.*\n.*pnpm image lock a\.example\/b:2/,
    );
  });

  it.each(['{', '[]', '{"version":2,"bases":{}}', '{"version":1,"bases":{"a.example/b:1":"sha256:no"}}'])(
    'refuses a lock file %s',
    async (text) => {
      const file = join(await scratch(), 'image.lock.json');
      writeFileSync(file, text);
      await expect(pinned('a.example/b:1', file)).rejects.toThrow(InvalidLock);
    },
  );
});
