import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const dependencyFiles = 5000;
const modelBytes = 3_000_000;

/**
 * Writes what a function is made of: `base/` (Node itself, 44 MB gzipped), `runtime/` (about 5,000 real files of this
 * repository's dependencies), `app/` (700 kB of JavaScript) and `model/` (3 MB that don't compress).
 */
export function writeContent(folder: string): void {
  mkdirSync(join(folder, 'base/var/lang/bin'), { recursive: true });
  cpSync(realpathSync(process.execPath), join(folder, 'base/var/lang/bin/node'));
  const sources = dependencies(join(import.meta.dirname, '../../../node_modules/.pnpm'));
  let copied = 0;
  for (const source of sources) {
    if (copied++ >= dependencyFiles) break;
    const to = join(folder, 'runtime/node_modules', source.slice(source.indexOf('.pnpm') + 6));
    mkdirSync(dirname(to), { recursive: true });
    cpSync(source, to);
  }
  mkdirSync(join(folder, 'app'));
  mkdirSync(join(folder, 'model'));
  changeApp(folder, 0);
  changeModel(folder);
}

/** Another version of the code: the same size, a few words different. */
export function changeApp(folder: string, version: number): void {
  const lines = Array.from(
    { length: 14_000 },
    (_, i) => `export const value${i} = ${(i * 2_654_435_761) % 1e9} + 1;`,
  );
  writeFileSync(join(folder, 'app/index.mjs'), `export const version = ${version};\n${lines.join('\n')}\n`);
}

/** Another model. */
export function changeModel(folder: string): void {
  writeFileSync(join(folder, 'model/model.onnx'), randomBytes(modelBytes));
}

function* dependencies(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* dependencies(path);
    else if (
      entry.isFile() &&
      /\.(js|json|mjs|cjs|d\.ts)$/.test(entry.name) &&
      statSync(path).size < 40_000
    ) {
      // What is no text is no dependency's code.
      if (!readFileSync(path).includes(0)) yield path;
    }
  }
}
