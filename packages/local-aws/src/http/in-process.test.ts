import {
  CreateFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  type LambdaClient,
  PublishVersionCommand,
  UpdateFunctionCodeCommand,
} from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { modelLambda } from '../../test/model-lambda.ts';
import type { Fault } from '../faults/fault-plan.ts';

const fn = { FunctionName: 'f' };
const image = (digest: string) => `registry/app@sha256:${digest}`;
const create = new CreateFunctionCommand({
  ...fn,
  PackageType: 'Image',
  Code: { ImageUri: image('one') },
  Role: 'arn:aws:iam::000000000000:role/any',
});

it('the official client works without a socket; states settle at once when the delays are zero', async () => {
  const { client } = modelLambda();
  expect((await client.send(create)).State).toBe('Pending');
  expect((await client.send(new GetFunctionConfigurationCommand(fn))).State).toBe('Active');
  const update = new UpdateFunctionCodeCommand({ ...fn, ImageUri: image('two') });
  expect((await client.send(update)).LastUpdateStatus).toBe('InProgress');
  expect((await client.send(new PublishVersionCommand(fn))).Version).toBe('1');
  const { Payload } = await client.send(new InvokeCommand({ ...fn, Qualifier: '1' }));
  expect(Buffer.from(Payload!).toString()).toBe('"sha256:two"');
});

describe('a fault', () => {
  const failing = (fault: Fault) =>
    modelLambda({ faults: ({ operation }) => (operation === 'CreateFunction' ? fault : undefined) }).client;
  const state = (client: LambdaClient) =>
    client.send(new GetFunctionConfigurationCommand(fn)).then(
      ({ State }) => State,
      (error: Error) => error.name,
    );

  it('refuses before anything happens', async () => {
    const client = failing({ kind: 'refuse', code: 'TooManyRequestsException', status: 429 });
    await expect(client.send(create)).rejects.toMatchObject({ name: 'TooManyRequestsException' });
    expect(await state(client)).toBe('ResourceNotFoundException');
  });

  it('cuts the connection before or after the call was served', async () => {
    const before = failing({ kind: 'cut-before' });
    await expect(before.send(create)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await state(before)).toBe('ResourceNotFoundException');
    const after = failing({ kind: 'cut-after' });
    await expect(after.send(create)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await state(after)).toBe('Active');
  });
});
