import { beforeEach, expect, it } from 'vitest';
import { faults, World } from '../test/world.ts';
import { prune } from './prune.ts';

let world: World;
beforeEach(async () => {
  world = new World();
});

const pruned = (keep: number) => world.on({}, (clients) => prune(clients, { functionName: 'spam', keep }));
const versions = () => world.fn().published.map(({ version }) => version);

it('keeps the newest, what aliases use, and what they would go back to', async () => {
  await world.go('a', { alias: 'pinned' });
  for (const letter of ['b', 'c', 'a', 'b', 'c']) await world.go(letter);
  expect(versions()).toEqual(['1', '2', '3', '4', '5', '6']);
  expect(await pruned(1)).toEqual(['2', '3', '4']);
  expect(versions()).toEqual(['1', '5', '6']);
});

it('keeps a version with a share of the traffic', async () => {
  for (const letter of ['a', 'b', 'c']) await world.go(letter);
  world.meddle(({ aliases }) => ({ aliases: aliases.map((alias) => ({ ...alias, weights: { 1: 0.1 } })) }));
  expect(await pruned(1)).toEqual([]);
});

it('leaves a version that an alias comes to use in the last moment', async () => {
  for (const letter of ['a', 'b', 'c']) await world.go(letter);
  world.before = (operation) => {
    const alias = world.live();
    if (operation === 'DeleteFunction' && alias)
      world.meddle(({ aliases }) => ({ aliases: [...aliases, { ...alias, name: 'late', version: '1' }] }));
  };
  expect(await pruned(1)).toEqual([]);
  expect(versions()).toContain('1');
});

it('follows a deploy when asked, and its failure is no failure of the deploy', async () => {
  for (const letter of ['a', 'b']) await world.go(letter);
  expect(await world.go('c', { keepVersions: 1 })).toMatchObject({ pruned: ['1'] });
  world.fault = (operation) => (operation === 'ListAliases' ? faults.error : undefined);
  const log: string[] = [];
  expect(await world.go('a', { keepVersions: 1 }, (line) => log.push(line))).toMatchObject({
    changed: true,
    pruned: [],
  });
  expect(log.at(-1)).toContain('All is live, but tidying up failed');
});
