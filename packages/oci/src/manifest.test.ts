import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidManifest } from './errors.ts';
import { isIndex, mediaTypes, parseConfig, parseManifest } from './manifest.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const descriptor = { mediaType: mediaTypes.layer, digest, size: 3 };
const read = (json: unknown, mediaType: string = mediaTypes.manifest) =>
  parseManifest(Buffer.from(JSON.stringify(json)), mediaType, 'It');

describe('parseManifest', () => {
  it('reads a manifest and takes its own media type over what the registry says', () => {
    const manifest = read({
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifest,
      config: { ...descriptor, mediaType: mediaTypes.config },
      layers: [{ ...descriptor, annotations: { a: 'b' } }],
      unknown: true,
    });
    expect(isIndex(manifest)).toBe(false);
    expect(manifest).toEqual({
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifest,
      config: { ...descriptor, mediaType: mediaTypes.config },
      layers: [{ ...descriptor, annotations: { a: 'b' } }],
    });
  });

  it('reads an index, with and without platforms', () => {
    const platform = { os: 'linux', architecture: 'arm64', variant: 'v8' };
    const index = read(
      { schemaVersion: 2, manifests: [{ ...descriptor, platform }, descriptor] },
      mediaTypes.index,
    );
    expect(isIndex(index) && index.manifests.map((entry) => entry.platform)).toEqual([platform, undefined]);
  });

  it.each([
    ['schema 1', { schemaVersion: 1, fsLayers: [] }],
    ['no layers', { schemaVersion: 2, config: descriptor }],
    ['a list', []],
    [
      'a traversal for a digest',
      { schemaVersion: 2, config: { ...descriptor, digest: 'sha256:../../etc' }, layers: [] },
    ],
    ['a negative size', { schemaVersion: 2, config: descriptor, layers: [{ ...descriptor, size: -1 }] }],
    ['a size that is text', { schemaVersion: 2, config: descriptor, layers: [{ ...descriptor, size: '1' }] }],
    [
      'annotations that are numbers',
      { schemaVersion: 2, config: descriptor, layers: [{ ...descriptor, annotations: { a: 1 } }] },
    ],
  ])('refuses %s', (_, json) => {
    expect(() => read(json)).toThrow(InvalidManifest);
  });

  it('fails on any other input with its own error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          for (const parse of [() => parseManifest(bytes, '', 'It'), () => parseConfig(bytes, 'It')])
            expect(parse).toThrow(InvalidManifest);
        },
      ),
    );
  });
});

describe('parseConfig', () => {
  it("leaves Docker's nulls out and refuses wrong types", () => {
    const config = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [digest] } };
    const parse = (more: object) => parseConfig(Buffer.from(JSON.stringify({ ...config, ...more })), 'It');
    expect(parse({ config: { Cmd: null, Env: ['A=1'], Volumes: null } }).config).toEqual({ Env: ['A=1'] });
    expect(() => parse({ config: { Env: { A: '1' } } })).toThrow(/config\.Env/);
    expect(() => parse({ rootfs: { diff_ids: ['x'] } })).toThrow(/diff_ids/);
  });
});
