import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Dockerd } from './dockerd.ts';

/** As in aws/aws-lambda-base-images, Dockerfile.nodejs24.x. */
const config = [
  'ENV LANG=en_US.UTF-8',
  'ENV TZ=:/etc/localtime',
  'ENV PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
  'ENV LD_LIBRARY_PATH=/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib',
  'ENV LAMBDA_TASK_ROOT=/var/task',
  'ENV LAMBDA_RUNTIME_DIR=/var/runtime',
  'WORKDIR /var/task',
  'ENTRYPOINT ["/lambda-entrypoint.sh"]',
];

const scripts = {
  'lambda-entrypoint.sh': `#!/bin/sh
if [ $# -ne 1 ]; then
  echo "entrypoint requires the handler name to be the first argument" >&2
  exit 142
fi
export _HANDLER="$1"
exec /var/runtime/bootstrap
`,
  'var/runtime/bootstrap': `#!/bin/sh
export NODE_PATH=/opt/nodejs/node24/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task
exec /var/lang/bin/node --import /var/runtime/preload.mjs /var/runtime/index.mjs
`,
};

const files = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nsbx_user1051:x:993:990::/home/sbx_user1051:/bin/sh\n',
  // The runtime client's native addon needs a compiler; what local-aws has in its place speaks the same protocol.
  'var/runtime/preload.mjs': `import { registerHooks } from 'node:module';
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === './rapid-client.node'
      ? { url: 'file:///var/runtime/rapid-client.mts', shortCircuit: true }
      : next(specifier, context),
});
`,
};

/**
 * Makes a stand-in for public.ecr.aws/lambda/nodejs:24 of what this machine has: this Node, its shell, the libraries of
 * both, and the real runtime client. No network is needed.
 */
export async function importBaseImage(dockerd: Dockerd, tag: string): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'base-image-'));
  try {
    writeRoot(root);
    const tar = execFileSync('tar', ['-C', root, '--owner=0', '--group=0', '-c', '.'], {
      maxBuffer: 1 << 30,
    });
    await dockerd.docker(['import', ...config.flatMap((line) => ['-c', line]), '-', tag], tar);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function writeRoot(root: string): void {
  for (const folder of ['var/lang/bin', 'var/runtime', 'var/task', 'usr/bin', 'bin', 'etc', 'tmp', 'opt'])
    mkdirSync(join(root, folder), { recursive: true });
  // A tmpfs there takes its mode from here.
  chmodSync(join(root, 'tmp'), 0o1777);
  const programs = { 'var/lang/bin/node': process.execPath, 'bin/sh': '/bin/sh' };
  for (const [path, program] of Object.entries(programs)) {
    copyFileSync(realpathSync(program), join(root, path));
    for (const library of librariesOf(program)) {
      mkdirSync(join(root, dirname(library)), { recursive: true });
      copyFileSync(library, join(root, library));
    }
  }
  // What else of the C library Amazon Linux has: native modules may ask for any of it, and for nothing beyond it.
  const loaded = librariesOf(process.execPath).find((library) => library.endsWith('/libc.so.6'))!;
  for (const name of ['libdl.so.2', 'libpthread.so.0', 'libresolv.so.2', 'librt.so.1'])
    copyFileSync(join(dirname(loaded), name), join(root, dirname(loaded), name));
  const localAws = fileURLToPath(import.meta.resolve('@mainline/local-aws'));
  const client = createRequire(localAws).resolve('aws-lambda-ric/package.json');
  copyFileSync(join(dirname(client), 'index.mjs'), join(root, 'var/runtime/index.mjs'));
  copyFileSync(
    join(dirname(localAws), 'lambda/worker/rapid-client.ts'),
    join(root, 'var/runtime/rapid-client.mts'),
  );
  for (const [path, text] of Object.entries(scripts)) writeFileSync(join(root, path), text, { mode: 0o755 });
  for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text);
}

/** The shared libraries that a program or library is linked to, at the paths where the loader looks for them. */
function librariesOf(program: string): string[] {
  const linked = execFileSync('ldd', [realpathSync(program)], { encoding: 'utf8' });
  return [...linked.matchAll(/(?:=> |^\s*)(\/\S+) \(/gm)].map((match) => match[1]!);
}
