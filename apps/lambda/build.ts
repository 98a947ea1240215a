import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type BuildOptions as BundleOptions, build as bundle, type Plugin } from 'esbuild';

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
  const onnxruntime = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const binaries = join(onnxruntime, 'bin/napi-v6', native);
  if (!existsSync(binaries))
    throw new Error(
      `--platform ${platform}: ONNX Runtime has no library for it. Give linux/amd64 or linux/arm64.`,
    );
  rmSync(output, { recursive: true, force: true });
  for (const { entry, outfile, ...options } of files)
    await bundle({
      entryPoints: [resolve(here, 'src', entry)],
      outfile: join(output, 'app', outfile),
      bundle: true,
      minify: true,
      platform: 'node',
      target: 'node24',
      format: 'esm',
      legalComments: 'none',
      logLevel: 'warning',
      plugins: [filesBeside],
      ...options,
    });
  cpSync(join(here, 'src/start.sh'), join(output, 'app/start.sh'));
  const { name, version, license } = JSON.parse(readFileSync(join(onnxruntime, 'package.json'), 'utf8'));
  const runtime = join(output, 'runtime/node_modules/onnxruntime-node');
  cpSync(binaries, join(runtime, 'bin/napi-v6', native), { recursive: true });
  writeFileSync(join(runtime, 'package.json'), `${JSON.stringify({ name, version, license }, null, 2)}\n`);
}

/**
 * Node's own modules by property, not as ES modules: those would call every getter, and load what is behind it. Each
 * name is a constant of its own, so that what nobody imports is left out.
 */
const builtinsByProperty: Plugin = {
  name: 'builtins-by-property',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }));
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: [
        `const get = (name) => process.getBuiltinModule(${JSON.stringify(path)})[name];`,
        ...Object.keys(createRequire(import.meta.url)(path)).map(
          (name) => `export const ${name} = /* @__PURE__ */ get(${JSON.stringify(name)});`,
        ),
      ].join('\n'),
    }));
  },
};

/** What is imported at run time stays out of the bundle: `import('../aws.ts')` becomes `import('./aws.mjs')`. */
const filesBeside: Plugin = {
  name: 'files-beside',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path: `./${basename(path, '.ts')}.mjs`, external: true } : undefined,
    );
  },
};

const otherTokenizer = fileURLToPath(
  new URL('other-tokenizer.ts', import.meta.resolve('@mainline/classifier')),
);

/** One file for the way from cold start to answer; what few invocations need is a file beside it. */
const files: ({ entry: string; outfile: string } & BundleOptions)[] = [
  {
    entry: 'index.ts',
    outfile: 'index.mjs',
    // Only who prepares a model needs its JavaScript.
    external: ['onnxruntime-node'],
    // What makes it start sooner; docs/benchmarks.md has the figures.
    inject: [join(here, 'src/performance.ts')],
    plugins: [filesBeside, builtinsByProperty],
  },
  {
    entry: 'aws.ts',
    outfile: 'aws.mjs',
    // The AWS clients are CommonJS in part and ask for Node's own modules by require().
    banner: {
      js: "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);",
    },
  },
  // For bundles whose tokenizer isn't BERT's.
  { entry: otherTokenizer, outfile: 'other-tokenizer.mjs' },
  // `node serve` finds this ending alone.
  { entry: 'serve-main.ts', outfile: 'serve.js', format: 'cjs' },
];

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { platform: { type: 'string', default: 'linux/amd64' } } });
  await build({ platform: values.platform, output: join(here, 'dist') });
  process.stdout.write(`apps/lambda/dist is the function for ${values.platform}\n`);
}
