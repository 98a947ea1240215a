import { beforeEach, expect, it } from 'vitest';
import { World } from '../../test/world.ts';

let world: World;
beforeEach(() => {
  world = new World();
});

const warm = () =>
  Object.fromEntries(world.fn().provisions.map(({ qualifier, requested }) => [qualifier, requested]));

it('has the new version’s workers warm before it gets traffic, and lets the old ones go after', async () => {
  await world.go('a', { provisionedConcurrency: 2 });
  expect(warm()).toEqual({ 1: 2 });
  let warmAtMove: unknown;
  world.before = (operation) => {
    if (operation === 'UpdateAlias') warmAtMove = warm();
  };
  await world.go('b', { provisionedConcurrency: 3 });
  expect(warmAtMove).toEqual({ 1: 2, 2: 3 });
  expect(warm()).toEqual({ 2: 3 });
});

it('warms the live version when that is all that was asked for anew, and only once', async () => {
  await world.go('a');
  expect(await world.go('a', { provisionedConcurrency: 2 })).toMatchObject({ changed: false });
  expect(warm()).toEqual({ 1: 2 });
  world.calls.length = 0;
  await world.go('a', { provisionedConcurrency: 2 });
  expect(world.calls).not.toContain('PutProvisionedConcurrencyConfig');
});

it('leaves the workers of a version that another alias still serves', async () => {
  await world.go('a', { provisionedConcurrency: 2 });
  await world.go('a', { alias: 'staging' });
  await world.go('b', { provisionedConcurrency: 2 });
  expect(warm()).toEqual({ 1: 2, 2: 2 });
});
