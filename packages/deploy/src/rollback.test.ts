import { beforeEach, expect, it } from 'vitest';
import { classifier, digest, World } from '../test/world.ts';
import { type RollbackRequest, rollback } from './rollback.ts';
import { status } from './status.ts';

let world: World;
beforeEach(async () => {
  world = new World();
});

const place = { functionName: 'spam', alias: 'live' };
const pace = { timeoutMs: 5_000, pollMs: 0, retryMs: 0 };
const told = () => world.on({}, (clients) => status(clients, place));
const back = (more: Partial<RollbackRequest> = {}) =>
  world.on({}, (clients) => rollback(clients, { ...place, pace, ...more }));

it('goes back to the version before, as what it was, and forth again', async () => {
  await world.go('a', { metrics: { mcc: 0.9 } });
  await world.go('b');
  expect(await back()).toMatchObject({
    changed: true,
    version: '1',
    previousVersion: '2',
    stamp: { commit: 'c0ffeea', model: 'm1', digest: digest('a'), metrics: { mcc: 0.9 }, previous: '2' },
  });
  expect(world.live()?.version).toBe('1');
  expect(await back()).toMatchObject({ changed: true, version: '2' });
});

it('goes to a named version, or does nothing if it is live', async () => {
  for (const letter of ['a', 'b', 'c']) await world.go(letter);
  expect(await back({ to: '1' })).toMatchObject({ changed: true, version: '1', previousVersion: '3' });
  expect(await back({ to: '1' })).toMatchObject({ changed: false, version: '1' });
});

it('stays where it is when the old version no longer answers, or as another model', async () => {
  await world.go('a');
  await world.go('b');
  world.images.set(digest('a'), () => {
    throw new Error('no more');
  });
  await expect(back()).rejects.toThrow('it threw Error: no more');
  world.images.set(digest('a'), classifier('m9'));
  await expect(back()).rejects.toThrow('model m9 answered, not m1');
  expect(world.live()?.version).toBe('2');
});

it('asks golden requests of its own', async () => {
  await world.go('a');
  await world.go('b');
  const golden = { tolerance: 0, cases: [{ text: 'Buy now!', label: 'ham' }] };
  await expect(back({ golden })).rejects.toThrow('it says spam, not ham');
});

it('ends a shift that was cut off', async () => {
  await world.go('a');
  await world.go('b');
  world.meddle(({ aliases }) => ({
    aliases: aliases.map((alias) => ({ ...alias, version: '1', weights: { 2: 0.5 } })),
  }));
  expect(await back()).toMatchObject({ changed: true, version: '1' });
  expect(world.live()).toMatchObject({ version: '1', weights: {} });
});

it('does not believe the description of an alias that somebody moved by hand', async () => {
  await world.go('a');
  await world.go('b');
  world.meddle(({ aliases }) => ({ aliases: aliases.map((alias) => ({ ...alias, version: '1' })) }));
  expect(await told()).toMatchObject({ version: '1', commit: 'c0ffeea', digest: digest('a') });
  expect(await told()).not.toHaveProperty('since');
  await expect(back()).rejects.toThrow('Nothing is known of what spam:live served before version 1');
  expect(await back({ to: '2' })).toMatchObject({ changed: true, version: '2' });
});

it('refuses what can not be gone back to', async () => {
  await expect(back()).rejects.toThrow('There is no alias "live" of a function "spam"');
  await world.go('a');
  await expect(back()).rejects.toThrow('Nothing is known of what spam:live served before version 1');
  await expect(back({ to: '7' })).rejects.toThrow('There is no version 7 of spam');
});

it('is what status tells', async () => {
  expect(await told()).toBeUndefined();
  await world.go('a', { metrics: { accuracy: 0.981, mcc: 0.9412 }, urlAuth: 'NONE' });
  await world.go('b', { metrics: { accuracy: 0.99, mcc: 0.95 } });
  await back();
  expect(await told()).toEqual({
    functionName: 'spam',
    alias: 'live',
    version: '1',
    state: 'Active',
    commit: 'c0ffeea',
    model: 'm1',
    digest: digest('a'),
    metrics: { accuracy: 0.981, mcc: 0.9412 },
    previous: '2',
    since: expect.stringMatching(/Z$/),
    url: expect.stringContaining('/lambda-url/'),
  });
});
