import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { build as bundle, type Plugin } from 'esbuild';

const here = import.meta.dirname;

/** What an image for a platform is made of: the function in one file, and the native library it needs. */
export interface BuildOptions {
  /** linux/amd64 or linux/arm64; also any other that onnxruntime-node brings, for a function that runs on this machine. */
  platform: string;
  /** Gets app/index.mjs and runtime/node_modules; what was there before goes. */
  output: string;
}

/** Builds the function; the same sources give the same bytes. Throws on a platform without a native library. */
export async function build({ platform, output }: BuildOptions): Promise<void> {
  const [system = '', machine = ''] = platform.split('/');
  const native = join(system.replace('windows', 'win32'), machine.replace('amd64', 'x64'));
  const onnxruntime = packageFolder('onnxruntime-node', here);
  const binaries = join(onnxruntime, 'bin/napi-v6', native);
  if (!existsSync(binaries))
    throw new Error(
      `--platform ${platform}: ONNX Runtime has no library for it. Give linux/amd64 or linux/arm64.`,
    );
  rmSync(output, { recursive: true, force: true });
  // One file for the way from cold start to answer; what few invocations need is a file beside it.
  for (const entry of ['index', 'aws'])
    await bundle({
      entryPoints: [join(here, `src/${entry}.ts`)],
      outfile: join(output, `app/${entry}.mjs`),
      bundle: true,
      minify: true,
      platform: 'node',
      target: 'node24',
      format: 'esm',
      external: ['onnxruntime-node'],
      plugins: [filesBeside],
      // The AWS clients are CommonJS in part and ask for Node's own modules by require().
      ...(entry === 'aws' ? { banner: { js: requireForModules } } : {}),
      legalComments: 'none',
      logLevel: 'warning',
    });
  const modules = join(output, 'runtime/node_modules');
  copyPackage(onnxruntime, join(modules, 'onnxruntime-node'), ['dist']);
  cpSync(binaries, join(modules, 'onnxruntime-node/bin/napi-v6', native), { recursive: true });
  copyPackage(packageFolder('onnxruntime-common', onnxruntime), join(modules, 'onnxruntime-common'), [
    'dist/cjs',
  ]);
}

/** What is imported at run time stays out of the bundle: `import('../aws.ts')` becomes `import('./aws.mjs')`. */
const filesBeside: Plugin = {
  name: 'files-beside',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path: `./${basename(path, '.ts')}.mjs`, external: true } : undefined,
    );
  },
};

const requireForModules =
  "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);";

/** A package's JavaScript and the fields of its package.json that Node reads, without types, maps and scripts. */
function copyPackage(from: string, to: string, folders: string[]): void {
  const { name, version, license, type, main, exports } = JSON.parse(
    readFileSync(join(from, 'package.json'), 'utf8'),
  );
  mkdirSync(to, { recursive: true });
  writeFileSync(
    join(to, 'package.json'),
    `${JSON.stringify({ name, version, license, type, main, exports }, null, 2)}\n`,
  );
  for (const folder of folders) {
    mkdirSync(join(to, folder), { recursive: true });
    for (const file of readdirSync(join(from, folder)))
      if (/\.js$|^package\.json$/.test(file)) cpSync(join(from, folder, file), join(to, folder, file));
  }
}

/** Where a package that `from` may import really lies. */
function packageFolder(name: string, from: string): string {
  const entry = realpathSync(createRequire(join(from, 'package.json')).resolve(name));
  return entry.slice(0, entry.lastIndexOf(join(name, '/')) + name.length);
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { platform: { type: 'string', default: 'linux/amd64' } } });
  await build({ platform: values.platform, output: join(here, 'dist') });
  process.stdout.write(`apps/lambda/dist is the function for ${values.platform}\n`);
}
