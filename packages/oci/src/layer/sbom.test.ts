import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildImage } from '../../test/build-image.ts';
import { scratch, writeFiles } from '../../test/scratch.ts';
import { openLayer, pathsInLayer } from '../../test/tree.ts';
import { extractLayer } from '../extract-layer.ts';
import { openImage } from '../image.ts';
import { lint } from '../lint/lint.ts';

async function bill(files: Record<string, string>, components: object[] = []) {
  const from = await scratch();
  await writeFiles(from, files);
  const image = await buildImage(
    {},
    { layers: [{ name: 'runtime', from, to: '/var/task', sbom: components as [] }] },
  );
  const into = await scratch();
  await extractLayer(openLayer(image.layout, image.layers[0]!.digest), into);
  const read = () => JSON.parse(readFileSync(join(into, 'usr/share/sbom/runtime.cdx.json'), 'utf8'));
  return { image, read };
}

describe("a layer's bill of materials", () => {
  const files = {
    'node_modules/onnxruntime-node/package.json': JSON.stringify({
      name: 'onnxruntime-node',
      version: '1.30.0',
      license: 'MIT',
    }),
    'node_modules/@scope/name/package.json': JSON.stringify({
      name: '@scope/name',
      version: '1.0.0-a+b',
      license: 'SEE LICENSE IN x.txt',
    }),
    'node_modules/@scope/name/node_modules/deep/package.json': JSON.stringify({
      name: 'deep',
      version: '2.0.0',
      license: '(MIT OR Apache-2.0)',
    }),
    'node_modules/broken/package.json': '{',
    'node_modules/nameless/package.json': '{"type":"module"}',
    'node_modules/onnxruntime-node/dist/package.json': JSON.stringify({
      name: 'not-a-package',
      version: '1',
    }),
  };

  it('lists its npm packages and what it is told, sorted, with parents in the layer', async () => {
    const model = { type: 'machine-learning-model', name: 'spam', version: 'abc' };
    const { image, read } = await bill(files, [model]);
    expect(read()).toEqual({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      version: 1,
      components: [
        model,
        {
          type: 'library',
          name: '@scope/name',
          version: '1.0.0-a+b',
          purl: 'pkg:npm/%40scope/name@1.0.0-a%2Bb',
          licenses: [{ license: { name: 'SEE LICENSE IN x.txt' } }],
        },
        {
          type: 'library',
          name: 'deep',
          version: '2.0.0',
          purl: 'pkg:npm/deep@2.0.0',
          licenses: [{ expression: '(MIT OR Apache-2.0)' }],
        },
        {
          type: 'library',
          name: 'onnxruntime-node',
          version: '1.30.0',
          purl: 'pkg:npm/onnxruntime-node@1.30.0',
          licenses: [{ expression: 'MIT' }],
        },
      ],
    });
    expect(await lint(await openImage(image.layout))).toEqual([]);
  });

  it('is left out where it would be empty', async () => {
    const { image } = await bill({ 'index.mjs': 'x' });
    expect(await pathsInLayer(image.layout, image.layers[0]!.digest)).toEqual([
      'var/',
      'var/task/',
      'var/task/index.mjs',
    ]);
  });

  it('gives the same layer every time', async () => {
    expect((await bill(files)).image.digest).toBe((await bill(files)).image.digest);
  });
});
