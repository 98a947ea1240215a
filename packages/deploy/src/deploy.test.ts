import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault, LambdaModel } from '../test/lambda-model.ts';
import { classifier, digest, image, requestFor, startWorld, type World } from '../test/world.ts';
import { deploy } from './deploy.ts';
import type { DeployRequest } from './request.ts';

let world: World;
let model: LambdaModel;

beforeEach(async () => {
  world = await startWorld();
  model = world.model;
});
afterEach(() => world.close());

describe('deploy', () => {
  it('creates the function, publishes, asks, makes the alias and opens the URL', async () => {
    const result = await world.go('a', { urlAuth: 'NONE' });
    expect(result).toMatchObject({
      changed: true,
      version: '1',
      alias: 'live',
      digest: digest('a'),
      url: 'https://spam-live.example/',
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
      new RegExp(`^commit=c0ffeea model=m1 image=${digest('a')} since=\\d{4}-\\d\\d-\\d\\dT[\\d:]{8}Z$`),
    );
    expect([...model.functions.get('spam')!.policy].sort()).toEqual(['mainline-url', 'mainline-url-invoke']);
  });

  it('moves the alias to the next image and says what it was on', async () => {
    await world.go('a');
    expect(await world.go('b')).toMatchObject({ changed: true, version: '2', previousVersion: '1' });
    expect(world.live()?.version).toBe('2');
  });

  it('changes nothing when the image is live already', async () => {
    await world.go('a', { urlAuth: 'NONE' });
    model.calls.length = 0;
    expect(await world.go('a', { urlAuth: 'NONE', commit: 'later' })).toMatchObject({
      changed: false,
      version: '1',
      url: 'https://spam-live.example/',
    });
    expect(model.calls).toEqual(['GetAlias', 'GetFunction', 'GetFunctionUrlConfig']);
  });

  it('asks the version itself, and leaves the alias where it was when an answer is wrong', async () => {
    await world.go('a');
    model.images.set(digest('b'), () => classifier('m1')('!'));
    const refused = await world.go('b').catch((error: unknown) => error);
    expect(refused).toMatchInlineSnapshot(`
      [GoldenFailed: Version 2 of spam failed 1 of 2 golden requests:
        "See you at noon": it says spam, not ham]
    `);
    expect(world.live()?.version).toBe('1');
    // The cure is another image; the failed version stays unused.
    expect(await world.go('c')).toMatchObject({ changed: true, version: '3', previousVersion: '1' });
  });

  it.each<[string, (payload: unknown) => unknown, string]>([
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
    model.images.set(digest('b'), worker);
    await expect(world.go('b')).rejects.toThrow(message);
    expect(world.live()?.version).toBe('1');
  });

  it('turns a failed update into advice, and recovers with the next image', async () => {
    await world.go('a');
    model.broken.set(digest('b'), 'InvalidImage');
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
    model.delay = 9;
    const [first, second] = await Promise.all([world.go('b'), world.go('b')]);
    expect([first.version, second.version]).toEqual(['2', '2']);
    expect(world.live()?.version).toBe('2');
  });

  it('waits for a version that fell asleep', async () => {
    await world.go('a');
    let asleep = false;
    model.before = (operation) => {
      if (operation !== 'Invoke' || asleep) return;
      asleep = true;
      model.functions.get('spam')!.versions.at(-1)!.inactive = true;
    };
    model.calls.length = 0;
    expect(await world.go('b')).toMatchObject({ version: '2' });
    expect(model.calls.filter((operation) => operation === 'Invoke').length).toBeGreaterThan(2);
  });

  it('starts over when something else changes the function in the middle', async () => {
    await world.go('a');
    let meddled = false;
    model.before = (operation) => {
      if (operation !== 'PublishVersion' || meddled) return;
      meddled = true;
      const fn = model.functions.get('spam')!;
      fn.latest.image = image('c');
      fn.revision = 1_000_000;
    };
    const log: string[] = [];
    expect(await world.go('b', {}, (line) => log.push(line))).toMatchObject({
      version: '2',
      digest: digest('b'),
    });
    expect(log.filter((line) => line.includes('starting over'))).toHaveLength(1);
  });

  it.each(['throttle', 'error', 'cut-before', 'cut-after'] satisfies Fault[])(
    'survives a %s at every single call',
    async (fault) => {
      const calls = await countCalls();
      for (let at = 1; at <= calls; at++) {
        const name = `spam-${at}`;
        model.calls.length = 0;
        model.fault = (_, tick) => (tick === at ? fault : undefined);
        await world.go('a', { functionName: name, urlAuth: 'NONE' });
        model.fault = () => undefined;
        expect(model.functions.get(name)?.aliases.get('live')?.version).toBe('1');
      }
    },
  );

  it('gives up at the deadline, saying what it waited for', async () => {
    model.delay = 1e9;
    await expect(world.go('a', { pace: { timeoutMs: 50, pollMs: 1, retryMs: 1 } })).rejects.toThrow(
      'Gave up after 0.05 s while waiting until spam is ready (last seen: State Pending, LastUpdateStatus InProgress)',
    );
  });

  it('stops when the job is cancelled', async () => {
    model.delay = 1e9;
    const controller = new AbortController();
    model.before = () => model.calls.length > 5 && controller.abort(new Error('cancelled'));
    await expect(world.go('a', { signal: controller.signal })).rejects.toThrow('cancelled');
  });

  it.each<[string, Partial<DeployRequest>, string]>([
    ['a tag', { image: 'registry.example/spam:latest' }, 'does not name an image by digest'],
    ['an impossible function name', { functionName: 'a b' }, "can't be a function's name"],
    ['a version number as alias', { alias: '7' }, "can't be an alias's name"],
  ])('refuses %s before the first call', async (_, wrong, message) => {
    await expect(world.go('a', wrong)).rejects.toThrow(message);
    expect(model.calls).toEqual([]);
  });

  it('refuses a missing function without a role, one made from a zip, and an image that is not there', async () => {
    const { configuration: _, ...without } = requestFor('a');
    await expect(deploy(world.clients, without)).rejects.toMatchObject({
      name: 'FunctionMissing',
      hint: expect.stringContaining('role'),
    });
    await world.go('a');
    model.functions.get('spam')!.packageType = 'Zip';
    await expect(world.go('b')).rejects.toMatchObject({ name: 'FunctionIsZip' });
    model.functions.get('spam')!.packageType = 'Image';
    await expect(world.go('f')).rejects.toThrow('does not exist');
    expect(world.live()?.version).toBe('1');
  });

  it('closes a public URL when it should be signed', async () => {
    await world.go('a', { urlAuth: 'NONE' });
    await world.go('a', { urlAuth: 'AWS_IAM' });
    expect(model.functions.get('spam')?.urls.get('live')).toEqual({ auth: 'AWS_IAM' });
    expect(model.functions.get('spam')?.policy.size).toBe(0);
  });
});

async function countCalls(): Promise<number> {
  await world.go('a', { functionName: 'count', urlAuth: 'NONE' });
  return model.calls.length;
}
