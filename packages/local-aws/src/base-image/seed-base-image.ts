import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assemble, mediaTypes, readLayout } from '@mainline/oci';
import type { EcrStore } from '../ecr/ecr-store.ts';
import { putManifest } from '../ecr/put-manifest.ts';
import { newRepository } from '../ecr/repositories.ts';

/** Where the stand-in for `public.ecr.aws/lambda/nodejs:24` lives; below `public/` anyone may pull. */
export const baseRepository = 'public/lambda/nodejs';
export const baseTag = '24';

/** What AWS's own image sets (aws/aws-lambda-base-images, Dockerfile.nodejs24.x). */
const env = {
  LANG: 'en_US.UTF-8',
  TZ: ':/etc/localtime',
  PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
  LD_LIBRARY_PATH:
    '/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib',
  LAMBDA_TASK_ROOT: '/var/task',
  LAMBDA_RUNTIME_DIR: '/var/runtime',
};

const files = {
  'lambda-entrypoint.sh':
    '#!/bin/sh\n# Stands where AWS has its entrypoint: local AWS starts the handler with the Node of its own machine.\nexport _HANDLER="$1"\nexec /var/runtime/bootstrap\n',
  'var/runtime/bootstrap': '#!/bin/sh\nexec /var/lang/bin/node /var/runtime/index.mjs\n',
  'var/task/.keep': '',
};

/** Puts the stand-in base image into the registry unless it is there: one index over amd64 and arm64, same bytes on every machine. */
export async function seedBaseImage(store: EcrStore): Promise<void> {
  if (store.find(baseRepository)?.tags[baseTag]) return;
  const work = mkdtempSync(join(tmpdir(), 'local-aws-base-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(work, 'root', path, '..'), { recursive: true });
      writeFileSync(join(work, 'root', path), text, { mode: text ? 0o755 : 0o644 });
    }
    if (!store.find(baseRepository)) store.save(newRepository(baseRepository));
    const manifests = [];
    for (const architecture of ['amd64', 'arm64']) {
      const image = await assemble({
        platform: `linux/${architecture}`,
        layers: [{ name: 'base', from: join(work, 'root'), to: '/' }],
        config: { entrypoint: ['/lambda-entrypoint.sh'], command: [], env, workingDir: '/var/task' },
        output: join(work, architecture),
      });
      const size = await adopt(store, image.layout);
      manifests.push({
        mediaType: mediaTypes.manifest,
        digest: image.digest,
        size,
        platform: { architecture, os: 'linux' },
      });
    }
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
    const bytes = Buffer.from(JSON.stringify(index));
    putManifest(store, store.get(baseRepository), bytes, mediaTypes.index, baseTag);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Takes an image's blobs and manifest over from a layout; returns the manifest's size. */
async function adopt(store: EcrStore, layout: string): Promise<number> {
  const { descriptor, manifest } = await readLayout(layout);
  const repository = store.get(baseRepository);
  const blobs = { ...repository.blobs };
  const file = (digest: string) => join(layout, 'blobs', ...digest.split(':'));
  for (const { digest, size } of [manifest.config, ...manifest.layers]) {
    copyFileSync(file(digest), store.blobPath(digest));
    blobs[digest] = size;
  }
  store.save({ ...repository, blobs });
  const bytes = readFileSync(file(descriptor.digest));
  putManifest(store, store.get(baseRepository), bytes, mediaTypes.manifest, descriptor.digest);
  return bytes.length;
}
