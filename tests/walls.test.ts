import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** Who may import whom. docs/architecture.md draws this map and says why; a test below holds the two together. */
const allowed: Record<string, string[]> = {
  'packages/onnx-graph': [],
  'packages/classifier': [],
  'packages/training': ['onnx-graph', 'classifier'],
  'packages/dvc': [],
  'packages/oci': [],
  'packages/deploy': [],
  'packages/local-aws': ['oci'],
  'apps/lambda': ['classifier'],
  'apps/local': ['local-aws'],
  '.github/actions': ['deploy', 'dvc', 'oci'],
  tests: [],
};

/** The fake that ships: any test may stand it up. */
const testsMayAlsoImport = ['local-aws'];

function* sources(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    if (['node_modules', 'dist', 'reports', '.mainline', '.turbo'].includes(name)) continue;
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* sources(path);
    else if (name.endsWith('.ts')) yield path;
  }
}

const isTestSupport = (file: string) => /\.test\.ts$|[/\\](test|bench)[/\\]/.test(file);

function imports(file: string): string[] {
  const code = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  return [
    ...code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g),
    ...code.matchAll(/\bresolve\('(@mainline\/[^']+)'\)/g),
  ].map((match) => match[1]!);
}

describe('walls', () => {
  for (const [folder, may] of Object.entries(allowed)) {
    it(`${folder} imports only ${may.join(', ') || 'third-party code'}`, () => {
      for (const file of sources(join(root, folder))) {
        const here = relative(root, file);
        const names = isTestSupport(file) ? [...may, ...testsMayAlsoImport] : may;
        for (const specifier of imports(file)) {
          const name = specifier.match(/^@mainline\/([^/]+)$/)?.[1];
          if (specifier.startsWith('@mainline/') && (!name || !names.includes(name)))
            expect.fail(
              `${here} imports ${specifier}, which is behind a wall (allowed: ${names.join(', ') || 'nothing'}). ` +
                'Move the code to the side that may have it, or move the wall here and in docs/architecture.md and say why.',
            );
          if (specifier.startsWith('.')) {
            const target = resolve(file, '..', specifier);
            expect(
              target.startsWith(join(root, folder)),
              `${here} reaches out of its package by ${specifier}: import @mainline/<name> instead`,
            ).toBe(true);
            expect(
              /\.(ts|json)$/.test(specifier),
              `${here}: write the extension of ${specifier}, Node runs these files as they are`,
            ).toBe(true);
          }
        }
      }
    });
  }

  it('are the ones docs/architecture.md draws', () => {
    const drawn: Record<string, string[]> = {};
    for (const line of readFileSync(join(root, 'docs/architecture.md'), 'utf8').split('\n')) {
      const match = line.match(/[├└]── ([a-z-]+)\/.*→ (.+)$/);
      if (match)
        drawn[match[1]!] = match[2] === 'nothing' ? [] : match[2]!.split(', ').map((name) => name.trim());
    }
    const held = Object.entries(allowed)
      .filter(([folder]) => folder !== 'tests')
      .map(([folder, may]) => [folder.split('/').pop()!, [...may].sort()] as const);
    expect(Object.fromEntries(Object.entries(drawn).map(([name, may]) => [name, may.sort()]))).toEqual(
      Object.fromEntries(held),
    );
  });

  it('declare what they import, and no more of the workspace than that', () => {
    for (const [folder, may] of Object.entries(allowed)) {
      const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
      const declared = Object.keys(manifest.dependencies ?? {}).filter((name) =>
        name.startsWith('@mainline/'),
      );
      expect(declared.map((name) => name.replace('@mainline/', '')).sort(), `${folder}/package.json`).toEqual(
        [...may].sort(),
      );
    }
  });
});
