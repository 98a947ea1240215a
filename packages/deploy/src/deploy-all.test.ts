import { beforeEach, expect, it } from 'vitest';
import { digest, faults, requestFor, World } from '../test/world.ts';
import { deployAll } from './deploy.ts';
import type { DeployRequest } from './request.ts';

let world: World;
let elsewhere: World;
beforeEach(() => {
  world = new World();
  elsewhere = new World();
});

const both = (letter: string, more: Partial<DeployRequest> = {}) =>
  deployAll([
    { clients: { lambda: world.connect() }, request: requestFor(letter, more) },
    { clients: { lambda: elsewhere.connect() }, request: requestFor(letter, more) },
  ]);

it('deploys to two regions', async () => {
  expect(await both('a')).toMatchObject([{ version: '1' }, { version: '1' }]);
  expect([world.live()?.version, elsewhere.live()?.version]).toEqual(['1', '1']);
});

it('moves no alias when one region’s version fails its golden requests', async () => {
  await both('a');
  elsewhere.images.set(digest('b'), () => ({}));
  await expect(both('b')).rejects.toMatchObject({ name: 'GoldenFailed' });
  expect([world.live()?.version, elsewhere.live()?.version]).toEqual(['1', '1']);
});

it('moves the first alias back when the second can not be moved', async () => {
  await both('a');
  elsewhere.fault = (operation) => (operation === 'UpdateAlias' ? faults.error : undefined);
  await expect(both('b')).rejects.toMatchObject({ name: 'AwsRefusal', code: 'ServiceException' });
  expect([world.live()?.version, elsewhere.live()?.version]).toEqual(['1', '1']);
});

it('deploys one version to two aliases of a function', async () => {
  const target = (alias: string) => ({
    clients: { lambda: world.connect() },
    request: requestFor('a', { alias }),
  });
  expect(await deployAll([target('staging'), target('live')])).toMatchObject([
    { alias: 'staging', version: '1' },
    { alias: 'live', version: '1' },
  ]);
});
