import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { isIndex, parseConfig, parseManifest, parseReference, Registry } from '@mainline/oci';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EcrStore } from '../ecr/ecr-store.ts';
import { type LocalAws, startLocalAws } from '../start-local-aws.ts';
import { baseRepository, baseTag, seedBaseImage } from './seed-base-image.ts';

let aws: LocalAws;
beforeAll(async () => {
  aws = await startLocalAws();
});
afterAll(() => aws.close());

it('is pulled without signing in, for both architectures, with the configuration of AWS’s own', async () => {
  const { registry, repository, tag } = parseReference(aws.baseImage);
  const client = new Registry({ registry });
  const stored = await client.getManifest(repository, tag!);
  const index = parseManifest(stored.bytes, stored.mediaType, aws.baseImage);
  if (!isIndex(index)) return expect.fail('the tag should name an index');
  expect(index.manifests.map((one) => one.platform?.architecture)).toEqual(['amd64', 'arm64']);
  for (const { digest } of index.manifests) {
    const image = await client.getManifest(repository, digest);
    const manifest = parseManifest(image.bytes, image.mediaType, digest);
    if (isIndex(manifest)) return expect.fail('an entry should name an image');
    const chunks: Buffer[] = [];
    for await (const chunk of await client.getBlob(repository, manifest.config.digest)) chunks.push(chunk);
    const { config } = parseConfig(Buffer.concat(chunks), digest);
    expect(config).toMatchObject({ Entrypoint: ['/lambda-entrypoint.sh'], WorkingDir: '/var/task' });
    expect(config?.Env).toContain('LAMBDA_TASK_ROOT=/var/task');
  }
});

it('is refused to those who push to it, signed in or not', async () => {
  const client = new ECRClient({
    endpoint: aws.url,
    region: aws.region,
    credentials: aws.credentials,
  });
  const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
  client.destroy();
  const start = (headers: Record<string, string>) =>
    fetch(`${aws.url}/v2/${baseRepository}/blobs/uploads/`, { method: 'POST', headers });
  expect((await start({})).status).toBe(401);
  const token = authorizationData![0]!.authorizationToken;
  expect((await start({ authorization: `Basic ${token}` })).status).toBe(403);
});

it('has the same digest wherever it is made', async () => {
  const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'local-aws-base-test-')));
  const digests = [];
  for (const folder of folders) {
    const store = new EcrStore(folder);
    await seedBaseImage(store);
    digests.push(store.get(baseRepository).tags[baseTag]);
    rmSync(folder, { recursive: true });
  }
  expect(digests[0]).toBe(digests[1]);
});
