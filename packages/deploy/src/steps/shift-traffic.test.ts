import { afterEach, beforeEach, expect, it } from 'vitest';
import { classifier, digest, startWorld, type World } from '../../test/world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld();
  await world.go('a');
});
afterEach(() => world.close());

const shift = { weights: [0.1, 0.5], bakeMs: 0, alarms: ['errors'] };

it('gives the new version growing shares, and all in the end', async () => {
  world.model.alarms.set('errors', 'OK');
  const seen: unknown[] = [];
  world.model.before = () => seen.push(JSON.stringify([world.live()?.version, world.live()?.weights]));
  expect(await world.go('b', { shift })).toMatchObject({ changed: true, version: '2', previousVersion: '1' });
  expect([...new Set(seen)].map((line) => JSON.parse(String(line)))).toEqual([
    ['1', {}],
    ['1', { 2: 0.1 }],
    ['1', { 2: 0.5 }],
    ['2', {}],
  ]);
});

it('goes back when an alarm is raised on the way', async () => {
  world.model.alarms.set('errors', 'OK');
  world.model.before = () => {
    if (world.live()?.weights[2] === 0.5) world.model.alarms.set('errors', 'ALARM');
  };
  const before = { ...world.live() };
  await expect(world.go('b', { shift })).rejects.toMatchObject({
    name: 'AlarmRaised',
    message: 'The alarm errors is raised',
  });
  expect(world.live()).toMatchObject({ version: '1', weights: {}, description: before.description });
});

it('goes back when a golden request fails on the way', async () => {
  world.model.alarms.set('errors', 'OK');
  world.model.before = () => {
    if (world.live()?.weights[2]) world.model.images.set(digest('b'), classifier('m2'));
  };
  await expect(world.go('b', { shift })).rejects.toThrow('model m2 answered, not m1');
  expect(world.live()).toMatchObject({ version: '1', weights: {} });
});

it('starts nothing while an alarm is raised, or is not there', async () => {
  await expect(world.go('b', { shift })).rejects.toThrow('There is no alarm "errors"');
  world.model.alarms.set('errors', 'ALARM');
  await expect(world.go('b', { shift })).rejects.toMatchObject({ name: 'AlarmRaised' });
  expect(world.model.calls).not.toContain('UpdateFunctionCode');
});

it('goes back when the job is cancelled on the way', async () => {
  world.model.alarms.set('errors', 'OK');
  const controller = new AbortController();
  world.model.before = () => {
    if (world.live()?.weights[2]) controller.abort(new Error('The job was cancelled (SIGINT).'));
  };
  const long = { ...shift, bakeMs: 60_000 };
  await expect(world.go('b', { shift: long, signal: controller.signal })).rejects.toThrow(
    'cancelled (SIGINT)',
  );
  expect(world.live()).toMatchObject({ version: '1', weights: {} });
});

it('picks up after a deploy that was killed on the way', async () => {
  Object.assign(world.live() ?? {}, { weights: { 1: 0.1 } });
  const { changes } = await world.go('a');
  expect(changes).toEqual(['end the unfinished shift to version 1', 'move live on from version 1']);
  expect(world.live()).toMatchObject({ version: '1', weights: {} });
});

it('says so when the alias could not be put back', async () => {
  world.model.alarms.set('errors', 'OK');
  world.model.before = () => {
    if (world.live()?.weights[2]) {
      world.model.alarms.set('errors', 'ALARM');
      world.model.fault = (operation) => (operation === 'UpdateAlias' ? 'error' : undefined);
    }
  };
  await expect(world.go('b', { shift })).rejects.toMatchObject({
    name: 'NotRestored',
    message: expect.stringContaining(
      'The alias live of spam could not be put back to version 1: AWS refused',
    ),
    cause: expect.objectContaining({ name: 'AlarmRaised' }),
  });
});

it('refuses shares that are none', async () => {
  await expect(world.go('b', { shift: { ...shift, weights: [1] } })).rejects.toThrow("1 can't be a share");
});
