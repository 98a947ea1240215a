import { afterEach, beforeEach, expect, it } from 'vitest';
import { requestFor, startWorld, type World } from '../../test/world.ts';
import { diff } from '../deploy.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld();
  await world.go('a', {
    configuration: { role: 'r', memoryMb: 512, environment: { KEPT: '1', LEVEL: 'info' } },
  });
});
afterEach(() => world.close());

const latest = () => world.fn().latest.configuration;

it('creates the function as asked, and with defaults for the rest', () => {
  expect(latest()).toMatchObject({
    Role: 'r',
    MemorySize: 512,
    Timeout: 30,
    Architectures: ['x86_64'],
    Environment: { Variables: { KEPT: '1', LEVEL: 'info' } },
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
  expect(latest().Environment).toEqual({ Variables: { KEPT: '1', LEVEL: 'info', NEW: 'x' } });
});

it('touches nothing that was not asked for, and nothing at all when it is as asked', async () => {
  await world.go('b', { configuration: {} });
  expect(latest()).toMatchObject({ Role: 'r', MemorySize: 512 });
  world.model.calls.length = 0;
  await world.go('c', { configuration: { role: 'r', memoryMb: 512, environment: { LEVEL: 'info' } } });
  expect(world.model.calls).not.toContain('UpdateFunctionConfiguration');
});

it('will not add to an environment that it can not read', async () => {
  latest().Environment = { Error: { ErrorCode: 'AccessDeniedException' } };
  await expect(world.go('b', { configuration: { environment: { NEW: 'x' } } })).rejects.toMatchObject({
    name: 'EnvironmentUnreadable',
    hint: expect.stringContaining('kms:Decrypt'),
  });
});

it('switches SnapStart and the architecture', async () => {
  const configuration = { snapStart: true, architecture: 'arm64' } as const;
  const { changes } = await world.go('b', { configuration });
  expect(changes).toContain('architecture: x86_64 → arm64');
  expect(changes).toContain('configuration: SnapStart');
  expect(latest()).toMatchObject({ SnapStart: { ApplyOn: 'PublishedVersions' }, Architectures: ['arm64'] });
  expect(await world.go('b', { configuration })).toMatchObject({ changed: false });
});

it('limits the logs, before their first line would make a group that keeps everything', async () => {
  await world.go('b', { logRetentionDays: 30 });
  expect(world.model.logGroups.get('/aws/lambda/spam')).toBe(30);
  await world.go('c', { logRetentionDays: 7 });
  expect(world.model.logGroups.get('/aws/lambda/spam')).toBe(7);
});

it('tells what it would change without a single change', async () => {
  const before = JSON.stringify([...world.model.functions]);
  const request = requestFor('b', { configuration: { memoryMb: 256 } });
  expect(await diff(world.clients, request)).toEqual([
    'image: aaaaaaaaaaaa → bbbbbbbbbbbb',
    'configuration: memory',
    'move live on from version 1',
  ]);
  expect(await diff(world.clients, requestFor('a', { configuration: {} }))).toEqual([]);
  expect(await diff(world.clients, requestFor('a', { functionName: 'new' }))).toEqual([
    'create the function new',
    'image: aaaaaaaaaaaa',
    'create the alias live',
  ]);
  expect(JSON.stringify([...world.model.functions])).toBe(before);
});
