import { beforeEach, expect, it } from 'vitest';
import { World } from '../test/world.ts';

let world: World;
beforeEach(async () => {
  world = new World();
});

/** Commits are numbers here. */
const isOlder = async (commit: string, than: string) => Number(commit) < Number(than);

it('lets no older commit replace a newer one, before anything is changed', async () => {
  await world.go('b', { commit: '2', isOlder });
  world.calls.length = 0;
  await expect(world.go('a', { commit: '1', isOlder })).rejects.toMatchObject({
    name: 'StaleCommit',
    message: 'spam:live serves commit 2, which is newer than 1',
  });
  expect(world.calls).toEqual(['GetAlias', 'GetFunction']);
  expect(await world.go('c', { commit: '3', isOlder })).toMatchObject({ changed: true });
});

it('does when forced, or when nobody knows which is older', async () => {
  await world.go('b', { commit: '2', isOlder });
  expect(await world.go('a', { commit: '1', isOlder, force: true })).toMatchObject({ changed: true });
  await world.go('b', { commit: '2', isOlder });
  expect(await world.go('a', { commit: '1' })).toMatchObject({ changed: true });
});

it('ends with the newest live, whichever of many deploys at once gets there first', async () => {
  const deploys = ['a', 'b', 'c'].map((letter, index) =>
    world.go(letter, { commit: String(index + 1), isOlder }).catch((error: Error) => error.name),
  );
  expect((await Promise.all(deploys)).filter((result) => typeof result === 'string')).toEqual(
    expect.not.arrayContaining(['LostRace']),
  );
  expect(world.live()?.description).toContain('commit=3 ');
});
