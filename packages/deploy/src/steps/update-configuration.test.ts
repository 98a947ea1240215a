import { beforeEach, expect, it } from 'vitest';
import { requestFor, World } from '../../test/world.ts';
import { describeFunction } from '../aws/function.ts';
import { patientLambda } from '../aws/lambda.ts';
import { defaultPace, startPatience } from '../aws/patience.ts';
import { diff } from '../deploy.ts';
import type { DeployRequest } from '../request.ts';
import { updateConfiguration } from './update-configuration.ts';

const role = 'arn:aws:iam::000000000000:role/spam';
let world: World;
beforeEach(async () => {
  world = new World();
  await world.go('a', {
    configuration: { role, memoryMb: 512, environment: { KEPT: '1', LEVEL: 'info' } },
  });
});

const preview = (request: DeployRequest) => world.on({}, (clients) => diff(clients, request));
const latest = () => world.fn().latest;

it('creates the function as asked, and with defaults for the rest', () => {
  expect(latest()).toMatchObject({
    role,
    memoryMb: 512,
    timeoutSeconds: 30,
    architecture: 'x86_64',
    environment: { KEPT: '1', LEVEL: 'info' },
  });
});

it('publishes a version when only the configuration differs, and names what changed but no value', async () => {
  const log: string[] = [];
  const configuration = { memoryMb: 1024, environment: { LEVEL: 'hunter2', NEW: 'x' } };
  const result = await world.go('a', { configuration }, (line) => log.push(line));
  expect(result).toMatchObject({ changed: true, version: '2', previousVersion: '1' });
  expect(result.changes).toEqual([
    'configuration: memory, environment.LEVEL, environment.NEW',
    'move live on from version 1',
  ]);
  expect(JSON.stringify([result, log])).not.toContain('hunter2');
});

it('adds to the environment and never wipes it', async () => {
  await world.go('b', { configuration: { environment: { NEW: 'x' } } });
  expect(latest().environment).toEqual({ KEPT: '1', LEVEL: 'info', NEW: 'x' });
});

it('touches nothing that was not asked for, and nothing at all when it is as asked', async () => {
  await world.go('b', { configuration: {} });
  expect(latest()).toMatchObject({ role, memoryMb: 512 });
  world.calls.length = 0;
  await world.go('c', { configuration: { role, memoryMb: 512, environment: { LEVEL: 'info' } } });
  expect(world.calls).not.toContain('UpdateFunctionConfiguration');
});

it('will not add to an environment that it can not read', async () => {
  const seen = await world.on({}, ({ lambda }) =>
    describeFunction(patientLambda(lambda, startPatience(defaultPace)), 'spam'),
  );
  const request = requestFor('b', { configuration: { environment: { NEW: 'x' } } });
  const add = world.on({}, ({ lambda }) =>
    updateConfiguration(patientLambda(lambda, startPatience(defaultPace)), request, {
      ...seen!,
      environment: undefined,
    }),
  );
  await expect(add).rejects.toMatchObject({
    name: 'EnvironmentUnreadable',
    hint: expect.stringContaining('kms:Decrypt'),
  });
});

it('switches the architecture with the code', async () => {
  const configuration = { architecture: 'arm64' } as const;
  expect((await world.go('b', { configuration })).changes).toContain('architecture: x86_64 → arm64');
  expect(latest().architecture).toBe('arm64');
  expect(await world.go('b', { configuration })).toMatchObject({ changed: false });
});

it('starts versions from a snapshot when asked to, and says so once', async () => {
  const configuration = { snapStart: true };
  expect((await world.go('b', { configuration })).changes).toContain('configuration: SnapStart');
  expect(latest().snapStart).toBe(true);
  expect(await world.go('b', { configuration })).toMatchObject({ changed: false });
});

it('tells what it would change without a single change', async () => {
  const before = JSON.stringify(world.lambda.context.store.all);
  const request = requestFor('b', { configuration: { memoryMb: 256 } });
  expect(await preview(request)).toEqual([
    'image: aaaaaaaaaaaa → bbbbbbbbbbbb',
    'configuration: memory',
    'move live on from version 1',
  ]);
  expect(await preview(requestFor('a', { configuration: {} }))).toEqual([]);
  expect(await preview(requestFor('a', { functionName: 'new' }))).toEqual([
    'create the function new',
    'image: aaaaaaaaaaaa',
    'create the alias live',
  ]);
  expect(JSON.stringify(world.lambda.context.store.all)).toBe(before);
});
