import { beforeEach, describe, expect, it } from 'vitest';
import { classifier, digest, faults, requestFor, type Worker, World } from '../test/world.ts';
import { deploy } from './deploy.ts';
import type { DeployRequest } from './request.ts';

let world: World;
beforeEach(() => {
  world = new World();
});

describe('deploy', () => {
  it('creates the function, publishes, asks, makes the alias and opens the URL', async () => {
    const result = await world.go('a', { urlAuth: 'NONE' });
    expect(result).toMatchObject({
      changed: true,
      version: '1',
      alias: 'live',
      digest: digest('a'),
      url: expect.stringContaining('/lambda-url/'),
    });
    expect(result).not.toHaveProperty('previousVersion');
    expect(result.golden).toMatchObject([
      { text: 'Buy now!', expected: 'spam', answered: 'spam', initMs: 41.25, failure: undefined },
      { text: 'See you at noon', expected: 'ham', answered: 'ham', failure: undefined },
    ]);
    expect(result.steps.map(({ name }) => name)).toEqual([
      'look at what is live',
      'wait until the function can be updated',
      'update the code',
      'update the configuration',
      'publish a version',
      'ask the golden requests',
      'move the alias',
      'verify',
      'open the function URL',
    ]);
    expect(world.live()?.description).toMatch(
      new RegExp(
        `^version=1 commit=c0ffeea model=m1 image=${digest('a')} since=\\d{4}-\\d\\d-\\d\\dT[\\d:.]{12}Z$`,
      ),
    );
    expect(
      world
        .fn()
        .policy.map(({ id }) => id)
        .sort(),
    ).toEqual(['mainline-url', 'mainline-url-invoke']);
  });

  it('moves the alias to the next image and says what it was on', async () => {
    await world.go('a');
    expect(await world.go('b')).toMatchObject({ changed: true, version: '2', previousVersion: '1' });
    expect(world.live()?.version).toBe('2');
  });

  it('changes nothing when the image is live already', async () => {
    await world.go('a', { urlAuth: 'NONE' });
    world.calls.length = 0;
    expect(await world.go('a', { urlAuth: 'NONE', commit: 'later' })).toMatchObject({
      changed: false,
      version: '1',
      url: expect.stringContaining('/lambda-url/'),
    });
    expect(world.calls).toEqual(['GetAlias', 'GetFunction', 'GetFunctionUrlConfig']);
  });

  it('says of its golden requests that they are golden', async () => {
    const contexts: unknown[] = [];
    world.images.set(digest('a'), (payload, context = 'null') => {
      contexts.push(JSON.parse(context));
      return classifier('m1')(payload);
    });
    await world.go('a');
    expect(contexts).toEqual(Array(2).fill({ custom: { purpose: 'golden' } }));
  });

  it('asks the version itself, and leaves the alias where it was when an answer is wrong', async () => {
    await world.go('a');
    world.images.set(digest('b'), () => classifier('m1')({ text: '!' }));
    const refused = await world.go('b').catch((error: unknown) => error);
    expect(refused).toMatchInlineSnapshot(`
      [GoldenFailed: Version 2 of spam failed 1 of 2 golden requests:
        "See you at noon": it says spam, not ham]
    `);
    expect(world.live()?.version).toBe('1');
    // The cure is another image; the failed version stays unused.
    expect(await world.go('c')).toMatchObject({ changed: true, version: '3', previousVersion: '1' });
  });

  it.each<[string, Worker, string]>([
    [
      'throws',
      () => {
        throw new Error('no model');
      },
      'it threw Error: no model',
    ],
    [
      'answers with an error',
      () => ({ statusCode: 500, error: { code: 'internal', message: 'oops' } }),
      'it answered 500 internal: oops',
    ],
    ['answers nonsense', () => ({ predictions: [] }), 'model is not an object'],
    ['is another model', classifier('m2'), 'model m2 answered, not m1'],
    [
      'is a little off',
      (payload) => {
        const answer = Object(classifier('m1')(payload));
        answer.predictions[0]!.scores.spam += 0.01;
        return answer;
      },
      'a score is off by 0.0100, more than 0.001',
    ],
  ])('refuses a version that %s', async (_, worker, message) => {
    await world.go('a');
    world.images.set(digest('b'), worker);
    await expect(world.go('b')).rejects.toThrow(message);
    expect(world.live()?.version).toBe('1');
  });

  it('turns a failed update into advice, and recovers with the next image', async () => {
    await world.go('a');
    world.broken.set(digest('b'), 'InvalidImage');
    await expect(world.go('b')).rejects.toMatchObject({
      name: 'UpdateFailed',
      code: 'InvalidImage',
      hint: expect.stringContaining('--provenance=false'),
    });
    expect(world.live()?.version).toBe('1');
    expect(await world.go('c')).toMatchObject({ version: '2', previousVersion: '1' });
  });

  it('lets two deploys at once both end with the image live', async () => {
    await world.go('a');
    world.delay = 9;
    const [first, second] = await Promise.all([world.go('b'), world.go('b')]);
    expect([first.version, second.version]).toEqual(['2', '2']);
    expect(world.live()?.version).toBe('2');
  });

  it('waits for a version that fell asleep', async () => {
    await world.go('a');
    let asked = 0;
    const become = (state: 'Active' | 'Inactive') =>
      world.meddle(({ published }) => ({
        published: published.map((one) => (one.version === '2' ? { ...one, state } : one)),
      }));
    world.before = (operation) => {
      if (operation === 'Invoke' && ++asked <= 3) become(asked < 3 ? 'Inactive' : 'Active');
    };
    expect(await world.go('b')).toMatchObject({ version: '2' });
    expect(asked).toBe(4);
  });

  it('starts over when something else changes the function in the middle', async () => {
    await world.go('a');
    let meddled = false;
    world.before = (operation) => {
      if (operation !== 'PublishVersion' || meddled) return;
      meddled = true;
      world.meddle(({ latest }) => ({ latest: { ...latest, digest: digest('c'), revisionId: 'another' } }));
    };
    const log: string[] = [];
    expect(await world.go('b', {}, (line) => log.push(line))).toMatchObject({
      version: '2',
      digest: digest('b'),
    });
    expect(log.filter((line) => line.includes('starting over'))).toHaveLength(1);
  });

  it('leaves the alias to a faster deploy, even of the same version', async () => {
    await world.go('a');
    let meddled = false;
    world.before = (operation) => {
      if (operation !== 'UpdateAlias' || meddled) return;
      meddled = true;
      world.meddle(({ aliases }) => ({
        aliases: aliases.map((live) => ({
          ...live,
          version: '2',
          description: 'theirs',
          revisionId: 'theirs',
        })),
      }));
    };
    expect(await world.go('b')).toMatchObject({ changed: false, version: '2' });
    expect(world.live()).toMatchObject({ version: '2', description: 'theirs' });
  });

  it('publishes no image that came in while its configuration was being changed', async () => {
    await world.go('a');
    let meddled = false;
    world.after = (operation) => {
      if (operation !== 'UpdateFunctionConfiguration' || meddled) return;
      meddled = true;
      world.meddle(({ latest }) => ({ latest: { ...latest, digest: digest('c'), revisionId: 'theirs' } }));
    };
    const result = await world.go('a', { configuration: { memoryMb: 256 } });
    expect(result).toMatchObject({ changed: true, digest: digest('a') });
    expect(world.fn().published.find(({ version }) => version === result.version)?.digest).toBe(digest('a'));
  });

  it('takes a lost answer to the move of the alias for what it is, and moves it once', async () => {
    await world.go('a');
    world.fault = (operation) => {
      if (operation !== 'UpdateAlias') return undefined;
      world.fault = () => undefined;
      return faults['cut-after'];
    };
    world.calls.length = 0;
    expect(await world.go('b')).toMatchObject({ changed: true, version: '2', previousVersion: '1' });
    expect(world.calls.filter((operation) => operation === 'UpdateAlias')).toHaveLength(2);
    expect(world.live()?.version).toBe('2');
  });

  it.each(['throttle', 'error', 'cut-before', 'cut-after'] as const)(
    'survives a %s at every single call',
    async (fault) => {
      const calls = await countCalls();
      for (let at = 1; at <= calls; at++) {
        const name = `spam-${at}`;
        world.calls.length = 0;
        world.fault = () => (world.calls.length === at ? faults[fault] : undefined);
        await world.go('a', { functionName: name, urlAuth: 'NONE' });
        world.fault = () => undefined;
        expect(world.live(name)?.version).toBe('1');
      }
    },
  );

  it('gives up at the deadline, saying what it waited for', async () => {
    world.delay = 1e9;
    await expect(world.go('a', { pace: { timeoutMs: 50, pollMs: 1, retryMs: 1 } })).rejects.toThrow(
      'Gave up after 0.05 s while waiting until spam is ready (last seen: State Pending, LastUpdateStatus Successful)',
    );
  });

  it('stops when the job is cancelled', async () => {
    world.delay = 1e9;
    const controller = new AbortController();
    world.before = () => world.calls.length > 5 && controller.abort(new Error('cancelled'));
    await expect(world.go('a', { signal: controller.signal })).rejects.toThrow('cancelled');
  });

  it.each<[string, Partial<DeployRequest>, string]>([
    ['a tag', { image: 'registry.example/spam:latest' }, 'does not name an image by digest'],
    ['an impossible function name', { functionName: 'a b' }, "can't be a function's name"],
    ['a commit that is none', { commit: 'not one' }, '"not one" can\'t be a commit'],
    ['a version number as alias', { alias: '7' }, "can't be an alias's name"],
  ])('refuses %s before the first call', async (_, wrong, message) => {
    await expect(world.go('a', wrong)).rejects.toThrow(message);
    expect(world.calls).toEqual([]);
  });

  it('refuses a missing function without a role, one made from a zip, and an image that is not there', async () => {
    const { configuration: _, ...without } = requestFor('a');
    await expect(world.on({}, (clients) => deploy(clients, without))).rejects.toMatchObject({
      name: 'FunctionMissing',
      hint: expect.stringContaining('role'),
    });
    await world.go('a');
    world.meddle(({ latest }) => ({ latest: { ...latest, packageType: 'Zip' } }));
    await expect(world.go('b')).rejects.toMatchObject({ name: 'FunctionIsZip' });
    world.meddle(({ latest }) => ({ latest: { ...latest, packageType: 'Image' } }));
    await expect(world.go('f')).rejects.toThrow('does not exist');
    expect(world.live()?.version).toBe('1');
  });

  it('closes a public URL when it should be signed', async () => {
    await world.go('a', { urlAuth: 'NONE' });
    await world.go('a', { urlAuth: 'AWS_IAM' });
    expect(world.fn().urls).toMatchObject([{ qualifier: 'live', authType: 'AWS_IAM' }]);
    expect(world.fn().policy.length).toBe(0);
  });
});

async function countCalls(): Promise<number> {
  await world.go('a', { functionName: 'count', urlAuth: 'NONE' });
  return world.calls.length;
}
