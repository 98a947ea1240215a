import { afterEach, beforeEach, expect, it } from 'vitest';
import { startWorld, type World } from '../../test/world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

const warm = () => world.fn().versions.map(({ provisioned }) => provisioned?.workers);

it('has the new version’s workers warm before it gets traffic, and lets the old ones go after', async () => {
  await world.go('a', { provisionedConcurrency: 2 });
  expect(warm()).toEqual([2]);
  let warmAtMove: unknown;
  world.model.before = (operation) => {
    if (operation === 'UpdateAlias') warmAtMove = warm();
  };
  await world.go('b', { provisionedConcurrency: 3 });
  expect(warmAtMove).toEqual([2, 3]);
  expect(warm()).toEqual([undefined, 3]);
});
