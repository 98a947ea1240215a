import {
  CreateFunctionCommand,
  DeleteProvisionedConcurrencyConfigCommand,
  GetFunctionConfigurationCommand,
  GetProvisionedConcurrencyConfigCommand,
  InvokeCommand,
  PublishVersionCommand,
  PutProvisionedConcurrencyConfigCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { beforeEach, describe, expect, it } from 'vitest';
import { modelLambda, refusal } from '../../test/model-lambda.ts';
import type { Reason } from './function.ts';

const fn = { FunctionName: 'f' };
const image = (digest: string) => `registry/app@sha256:${digest}`;
const conflict = ['ResourceConflictException', 409];

let client: ReturnType<typeof modelLambda>['client'];
let lambda: ReturnType<typeof modelLambda>['lambda'];
/** Lets go what Lambda is looking into, with what it found. */
let settle: (problem?: Reason) => Promise<void>;

beforeEach(() => {
  const waiting: ((problem: Reason | undefined) => void)[] = [];
  ({ client, lambda } = modelLambda({ inspect: () => new Promise((resolve) => waiting.push(resolve)) }));
  settle = async (problem) => {
    for (const resolve of waiting.splice(0)) resolve(problem);
    // A settled state is saved in a timer's turn.
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
});

const create = () =>
  client.send(
    new CreateFunctionCommand({
      ...fn,
      PackageType: 'Image',
      Code: { ImageUri: image('one') },
      Role: 'arn:aws:iam::000000000000:role/any',
    }),
  );
const update = (digest: string) =>
  client.send(new UpdateFunctionCodeCommand({ ...fn, ImageUri: image(digest) }));
const configure = () => client.send(new UpdateFunctionConfigurationCommand({ ...fn, Timeout: 9 }));
const publish = () => client.send(new PublishVersionCommand(fn));
const configuration = (Qualifier?: string) =>
  client.send(new GetFunctionConfigurationCommand({ ...fn, ...(Qualifier && { Qualifier }) }));
const answer = async (Qualifier?: string) => {
  const { Payload } = await client.send(new InvokeCommand({ ...fn, ...(Qualifier && { Qualifier }) }));
  return JSON.parse(Buffer.from(Payload!).toString('utf8'));
};

describe('a new function', () => {
  it('is Pending, refuses work and changes, then Active', async () => {
    expect(await create()).toMatchObject({ State: 'Pending', StateReasonCode: 'Creating' });
    expect(await refusal(answer())).toEqual(conflict);
    expect(await refusal(update('two'))).toEqual(conflict);
    expect(await refusal(publish())).toEqual(conflict);
    await settle();
    expect(await configuration()).toMatchObject({ State: 'Active', LastUpdateStatus: 'Successful' });
    expect(await answer()).toBe('sha256:one');
    expect(await refusal(create())).toEqual(conflict);
  });

  it('with a bad image is Failed, and is mended by an update', async () => {
    await create();
    await settle({ code: 'InvalidImage', message: 'bad bytes' });
    expect(await configuration()).toMatchObject({
      State: 'Failed',
      StateReasonCode: 'InvalidImage',
      StateReason: 'bad bytes',
    });
    expect(await refusal(answer())).toEqual(conflict);
    await update('two');
    await settle();
    expect(await answer()).toBe('sha256:two');
  });
});

describe('an update', () => {
  it('serves the old code until it is through, and refuses other changes meanwhile', async () => {
    await create();
    await settle();
    expect(await update('two')).toMatchObject({ State: 'Active', LastUpdateStatus: 'InProgress' });
    expect(await answer()).toBe('sha256:one');
    for (const change of [() => update('three'), configure, publish])
      expect(await refusal(change())).toEqual(conflict);
    await settle();
    expect(await configuration()).toMatchObject({ LastUpdateStatus: 'Successful', CodeSha256: 'two' });
    expect(await answer()).toBe('sha256:two');
  });

  it('that fails leaves the old code serving, and says why', async () => {
    await create();
    await settle();
    await update('two');
    await settle({ code: 'ImageAccessDenied', message: 'no pull for you' });
    expect(await configuration()).toMatchObject({
      State: 'Active',
      LastUpdateStatus: 'Failed',
      LastUpdateStatusReasonCode: 'ImageAccessDenied',
      LastUpdateStatusReason: 'no pull for you',
      CodeSha256: 'one',
    });
    expect(await answer()).toBe('sha256:one');
    await update('three');
    await settle();
    expect(await answer()).toBe('sha256:three');
  });
});

it('a published version is Pending at first and refuses work until it is Active', async () => {
  await create();
  await settle();
  expect(await publish()).toMatchObject({ Version: '1', State: 'Pending' });
  expect(await refusal(answer('1'))).toEqual(conflict);
  await settle();
  expect(await configuration('1')).toMatchObject({ State: 'Active', LastUpdateStatus: 'Successful' });
  expect(await answer('1')).toBe('sha256:one');
});

it('an inactive version fails its first call, is Pending meanwhile, and comes back', async () => {
  await create();
  await settle();
  await publish();
  await settle();
  for (const qualifier of [undefined, '1']) {
    lambda.deactivate('f', qualifier);
    expect(await configuration(qualifier)).toMatchObject({ State: 'Inactive', StateReasonCode: 'Idle' });
    expect(await refusal(answer(qualifier))).toEqual(conflict);
    expect(await configuration(qualifier)).toMatchObject({ State: 'Pending', StateReasonCode: 'Restoring' });
    expect(await refusal(answer(qualifier))).toEqual(conflict);
    await settle();
    expect(await answer(qualifier)).toBe('sha256:one');
  }
  lambda.deactivate('f', '1');
  await refusal(answer('1'));
  await settle({ code: 'ImageDeleted', message: 'gone' });
  expect(await configuration('1')).toMatchObject({ State: 'Failed', StateReasonCode: 'ImageDeleted' });
});

it('SnapStart is on for published versions, and not together with provisioned concurrency', async () => {
  await create();
  await settle();
  const SnapStart = { ApplyOn: 'PublishedVersions' as const };
  await client.send(new UpdateFunctionConfigurationCommand({ ...fn, SnapStart }));
  await settle();
  await publish();
  await settle();
  expect((await configuration()).SnapStart).toEqual({ ...SnapStart, OptimizationStatus: 'Off' });
  expect((await configuration('1')).SnapStart).toEqual({ ...SnapStart, OptimizationStatus: 'On' });
  const provision = new PutProvisionedConcurrencyConfigCommand({
    ...fn,
    Qualifier: '1',
    ProvisionedConcurrentExecutions: 2,
  });
  expect(await refusal(client.send(provision))).toEqual(['InvalidParameterValueException', 400]);
});

it('provisioned concurrency belongs to a version or alias, and is ready after a while', async () => {
  await create();
  await settle();
  await publish();
  await settle();
  const version = { ...fn, Qualifier: '1' };
  const get = () => client.send(new GetProvisionedConcurrencyConfigCommand(version));
  expect(await refusal(get())).toEqual(['ProvisionedConcurrencyConfigNotFoundException', 404]);
  const put = (Qualifier: string) =>
    client.send(
      new PutProvisionedConcurrencyConfigCommand({ ...fn, Qualifier, ProvisionedConcurrentExecutions: 2 }),
    );
  expect(await refusal(put('$LATEST'))).toEqual(['InvalidParameterValueException', 400]);
  await put('1');
  expect(await get()).toMatchObject({ Status: 'READY', AvailableProvisionedConcurrentExecutions: 2 });
  await client.send(new DeleteProvisionedConcurrencyConfigCommand(version));
  expect(await refusal(get())).toEqual(['ProvisionedConcurrencyConfigNotFoundException', 404]);
});
