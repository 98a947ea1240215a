import { CreateRepositoryCommand, PutAccountSettingCommand } from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildImage } from '../test/build-image.ts';
import { hasLocalAws, type RunningLocalAws, startLocalAws } from '../test/local-aws.ts';
import { scratch } from '../test/scratch.ts';
import { parsePlatform } from './base/platform.ts';
import { TagIsImmutable } from './errors.ts';
import { openImage } from './image.ts';
import { lint } from './lint/lint.ts';
import { pull } from './pull.ts';
import { push } from './push.ts';

describe.skipIf(!hasLocalAws)('images in ECR (needs packages/local-aws)', () => {
  let aws: RunningLocalAws;
  const target = (repository: string, tag: string) => ({
    registry: aws.registry,
    credential: aws.credential,
    repository,
    tag,
  });
  beforeAll(async () => {
    aws = await startLocalAws();
  });
  afterAll(() => aws?.close());

  it('go over the Lambda base anonymously, are fit for Lambda, and come back byte for byte', async () => {
    await aws.prepare('app');
    const image = await buildImage({}, { base: { reference: aws.baseImage } });
    expect(await push({ layout: image.layout, ...target('app', 'v1') })).toMatchObject({
      digest: image.digest,
      uploadedBlobs: image.layers.length + 1,
    });
    const options = { platform: parsePlatform('linux/amd64'), credential: aws.credential };
    const pushed = await openImage(`${aws.registry}/app:v1`, options);
    expect(await lint(pushed, { architecture: 'x86_64' })).toEqual([]);
    const back = await pull({
      reference: `${aws.registry}/app@${image.digest}`,
      credential: aws.credential,
      output: `${await scratch()}/back`,
    });
    expect(back.digest).toBe(image.digest);
    expect(
      (await openImage(back.layout)).manifestBytes.equals((await openImage(image.layout)).manifestBytes),
    ).toBe(true);
  });

  it("mount the base's layers when the account allows it, as ECR does not by itself", async () => {
    await aws.prepare('mounting');
    const image = await buildImage({ app: { x: '1' } }, { base: { reference: aws.baseImage } });
    await aws.ecr.send(new PutAccountSettingCommand({ name: 'BLOB_MOUNTING', value: 'ENABLED' }));
    const bases = image.layers.length - 2;
    expect(await push({ layout: image.layout, ...target('mounting', 'v1') })).toMatchObject({
      mountedBlobs: bases,
      uploadedBlobs: 3,
    });
  });

  it('keep an immutable tag: the same image is no change, another an error with its own name', async () => {
    await aws.ecr.send(
      new CreateRepositoryCommand({ repositoryName: 'fixed', imageTagMutability: 'IMMUTABLE' }),
    );
    const [one, other] = [await buildImage(), await buildImage({ app: { y: '2' } })];
    await push({ layout: one.layout, ...target('fixed', 'commit') });
    expect(await push({ layout: one.layout, ...target('fixed', 'commit') })).toMatchObject({
      unchanged: true,
    });
    await expect(push({ layout: other.layout, ...target('fixed', 'commit') })).rejects.toThrow(
      TagIsImmutable,
    );
    expect((await openImage(`${aws.registry}/fixed:commit`, { credential: aws.credential })).digest).toBe(
      one.digest,
    );
  });

  it('need a repository that exists', async () => {
    const { layout } = await buildImage();
    await expect(push({ layout, ...target('nowhere', 'v1') })).rejects.toThrow(
      /404 NAME_UNKNOWN.*\nDoes the repository exist\? ECR makes none on push/s,
    );
  });
});
