import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { readActionFile } from './lib/action-file.ts';
import { withTables } from './lib/readme.ts';

const here = import.meta.dirname;
const root = resolve(here, '../..');

/** The folders that are actions: those with an action.yml. */
export function verbs(): string[] {
  return readdirSync(here)
    .filter((name) => existsSync(join(here, name, 'action.yml')))
    .sort();
}

/**
 * An action as one file that needs only Node 24. The same sources and lockfile give the same bytes on any machine:
 * esbuild is deterministic, and paths are relative to the repository.
 */
export async function bundle(verb: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [`.github/actions/${verb}/main.ts`],
    outfile: `.github/actions/${verb}/dist/index.js`,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    minify: true,
    // Errors are named after their classes, calls after their commands.
    keepNames: true,
    legalComments: 'none',
    logLevel: 'error',
    // CommonJS dependencies call require for Node's own modules, which an ES module has to make for itself.
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
  });
  return outputFiles[0]!.contents;
}

/** Writes an action's bundle and the tables in its README. */
export async function buildAction(verb: string): Promise<void> {
  mkdirSync(join(here, verb, 'dist'), { recursive: true });
  writeFileSync(join(here, verb, 'dist/index.js'), await bundle(verb));
  const readme = join(here, verb, 'README.md');
  writeFileSync(
    readme,
    withTables(readFileSync(readme, 'utf8'), readActionFile(join(here, verb, 'action.yml'))),
  );
}

if (import.meta.main) {
  const chosen = process.argv.slice(2);
  for (const verb of chosen.length > 0 ? chosen : verbs()) {
    await buildAction(verb);
    console.log(`${verb}/dist/index.js`);
  }
}
