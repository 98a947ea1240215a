import { readFileSync } from 'node:fs';
import type { TreeEntry } from './list-tree.ts';

/** Something a layer is made of, as CycloneDX 1.6 describes it. */
export interface Component {
  type: 'library' | 'machine-learning-model' | 'application';
  name: string;
  version?: string;
  purl?: string;
  hashes?: { alg: 'SHA-256'; content: string }[];
  licenses?: ({ license: { name: string } } | { expression: string })[];
}

/**
 * The entries that put a layer's bill of materials at `/usr/share/sbom/<layer>.cdx.json`, CycloneDX 1.6; none when it
 * would be empty. One per layer and without a time or a serial number: it changes when the layer does. Outside of the
 * app's folder, where it would be the function's business.
 */
export function sbomEntries(layer: string, entries: TreeEntry[], given: Component[]): TreeEntry[] {
  const components = [...given, ...npmPackages(entries)];
  if (components.length === 0) return [];
  const document = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components };
  const content = Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
  const folders = ['usr', 'usr/share', 'usr/share/sbom'].filter(
    (path) => !entries.some((entry) => entry.path === path),
  );
  return [
    ...folders.map((path): TreeEntry => ({ path, type: 'directory', mode: 0o755, size: 0, source: content })),
    {
      path: `usr/share/sbom/${layer}.cdx.json`,
      type: 'file',
      mode: 0o644,
      size: content.length,
      source: content,
    },
  ];
}

const manifestPattern = /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/;
const maxManifestBytes = 1024 * 1024;

function npmPackages(entries: TreeEntry[]): Component[] {
  const found = new Map<string, Component>();
  for (const { path, size, source } of entries) {
    if (!manifestPattern.test(path) || size > maxManifestBytes || typeof source !== 'string') continue;
    const component = parsePackage(readFileSync(source, 'utf8'));
    if (component) found.set(`${component.purl}`, component);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, component]) => component);
}

function parsePackage(text: string): Component | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Packages ship broken fixtures under this name.
    return undefined;
  }
  const { name, version, license } = Object(json);
  if (typeof name !== 'string' || typeof version !== 'string') return undefined;
  const purl = `pkg:npm/${name.replace('@', '%40')}@${encodeURIComponent(version)}`;
  return {
    type: 'library',
    name,
    version,
    purl,
    ...(typeof license === 'string' ? { licenses: [licenseOf(license)] } : {}),
  };
}

const licenseOf = (text: string) =>
  /^[\w.+-]+(?: (?:OR|AND|WITH) [\w.+-]+)*$|^\(.*\)$/.test(text)
    ? { expression: text }
    : { license: { name: text } };
