import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startModel } from '../test/aws-server.ts';
import type { Fault, LambdaModel } from '../test/lambda-model.ts';
import { deploy } from './deploy.ts';
import type { DeployRequest } from './request.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const image = (letter: string) => `registry.example/spam@${digest(letter)}`;

/** A function that says spam for anything with an exclamation mark. */
const classifier = (version: string) => (payload: unknown) => {
  const spam = JSON.stringify(payload).includes('!') ? 0.9 : 0.2;
  return {
    model: { name: 'spam', version },
    predictions: [
      {
        label: spam > 0.5 ? 'spam' : 'ham',
        score: Math.max(spam, 1 - spam),
        scores: { ham: 1 - spam, spam },
      },
    ],
  };
};

const golden = {
  tolerance: 0.001,
  cases: [
    { text: 'Buy now!', label: 'spam', scores: { ham: 0.1, spam: 0.9 } },
    { text: 'See you at noon', label: 'ham', scores: { ham: 0.8, spam: 0.2 } },
  ],
};

let lambda: Awaited<ReturnType<typeof startModel>>;
let model: LambdaModel;

beforeEach(async () => {
  lambda = await startModel();
  model = lambda.model;
  for (const letter of ['a', 'b', 'c']) model.images.set(digest(letter), classifier('m1'));
});
afterEach(() => lambda.close());

const request = (letter: string, more: Partial<DeployRequest> = {}): DeployRequest => ({
  functionName: 'spam',
  image: image(letter),
  alias: 'live',
  golden,
  commit: 'c0ffee',
  modelVersion: 'm1',
  configuration: { role: 'arn:aws:iam::000000000000:role/spam' },
  pace: { timeoutMs: 5_000, pollMs: 1, retryMs: 1 },
  ...more,
});
const go = (letter: string, more: Partial<DeployRequest> = {}, log?: (line: string) => void) =>
  deploy(lambda.clients, request(letter, more), log);
const live = () => model.functions.get('spam')?.aliases.get('live');

describe('deploy', () => {
  it('creates the function, publishes, asks, makes the alias and opens the URL', async () => {
    const result = await go('a', { urlAuth: 'NONE' });
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
    expect(live()?.description).toMatch(
      new RegExp(`^commit=c0ffee model=m1 image=${digest('a')} since=\\d{4}-\\d\\d-\\d\\dT[\\d:]{8}Z$`),
    );
    expect([...model.functions.get('spam')!.policy].sort()).toEqual(['mainline-url', 'mainline-url-invoke']);
  });

  it('moves the alias to the next image and says what it was on', async () => {
    await go('a');
    expect(await go('b')).toMatchObject({ changed: true, version: '2', previousVersion: '1' });
    expect(live()?.version).toBe('2');
  });

  it('changes nothing when the image is live already', async () => {
    await go('a', { urlAuth: 'NONE' });
    model.calls.length = 0;
    expect(await go('a', { urlAuth: 'NONE', commit: 'later' })).toMatchObject({
      changed: false,
      version: '1',
      url: 'https://spam-live.example/',
    });
    expect(model.calls).toEqual(['GetAlias', 'GetFunction', 'GetFunctionUrlConfig']);
  });

  it('asks the version itself, and leaves the alias where it was when an answer is wrong', async () => {
    await go('a');
    model.images.set(digest('b'), () => classifier('m1')('!'));
    const refused = await go('b').catch((error: unknown) => error);
    expect(refused).toMatchInlineSnapshot(`
      [GoldenFailed: Version 2 of spam failed 1 of 2 golden requests:
        "See you at noon": it says spam, not ham]
    `);
    expect(live()?.version).toBe('1');
    // The cure is another image; the failed version stays unused.
    expect(await go('c')).toMatchObject({ changed: true, version: '3', previousVersion: '1' });
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
        const answer = classifier('m1')(payload);
        answer.predictions[0]!.scores.spam += 0.01;
        return answer;
      },
      'a score is off by 0.0100, more than 0.001',
    ],
  ])('refuses a version that %s', async (_, worker, message) => {
    await go('a');
    model.images.set(digest('b'), worker);
    await expect(go('b')).rejects.toThrow(message);
    expect(live()?.version).toBe('1');
  });

  it('turns a failed update into advice, and recovers with the next image', async () => {
    await go('a');
    model.broken.set(digest('b'), 'InvalidImage');
    await expect(go('b')).rejects.toMatchObject({
      name: 'UpdateFailed',
      code: 'InvalidImage',
      hint: expect.stringContaining('--provenance=false'),
    });
    expect(live()?.version).toBe('1');
    expect(await go('c')).toMatchObject({ version: '2', previousVersion: '1' });
  });

  it('lets two deploys at once both end with the image live', async () => {
    await go('a');
    model.delay = 9;
    const [first, second] = await Promise.all([go('b'), go('b')]);
    expect([first.version, second.version]).toEqual(['2', '2']);
    expect(live()?.version).toBe('2');
  });

  it('waits for a version that fell asleep', async () => {
    await go('a');
    let asleep = false;
    model.before = (operation) => {
      if (operation !== 'Invoke' || asleep) return;
      asleep = true;
      model.functions.get('spam')!.versions.at(-1)!.inactive = true;
    };
    model.calls.length = 0;
    expect(await go('b')).toMatchObject({ version: '2' });
    expect(model.calls.filter((operation) => operation === 'Invoke').length).toBeGreaterThan(2);
  });

  it('starts over when something else changes the function in the middle', async () => {
    await go('a');
    let meddled = false;
    model.before = (operation) => {
      if (operation !== 'PublishVersion' || meddled) return;
      meddled = true;
      const fn = model.functions.get('spam')!;
      fn.latest.image = image('c');
      fn.revision = 1_000_000;
    };
    const log: string[] = [];
    expect(await go('b', {}, (line) => log.push(line))).toMatchObject({ version: '2', digest: digest('b') });
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
        await go('a', { functionName: name, urlAuth: 'NONE' });
        model.fault = () => undefined;
        expect(model.functions.get(name)?.aliases.get('live')?.version).toBe('1');
      }
    },
  );

  it('gives up at the deadline, saying what it waited for', async () => {
    model.delay = 1e9;
    await expect(go('a', { pace: { timeoutMs: 50, pollMs: 1, retryMs: 1 } })).rejects.toThrow(
      'Gave up after 0.05 s while waiting until spam is ready (last seen: State Pending, LastUpdateStatus InProgress)',
    );
  });

  it('stops when the job is cancelled', async () => {
    model.delay = 1e9;
    const controller = new AbortController();
    model.before = () => model.calls.length > 5 && controller.abort(new Error('cancelled'));
    await expect(go('a', { signal: controller.signal })).rejects.toThrow('cancelled');
  });

  it.each<[string, Partial<DeployRequest>, string]>([
    ['a tag', { image: 'registry.example/spam:latest' }, 'does not name an image by digest'],
    ['an impossible function name', { functionName: 'a b' }, "can't be a function's name"],
    ['a version number as alias', { alias: '7' }, "can't be an alias's name"],
  ])('refuses %s before the first call', async (_, wrong, message) => {
    await expect(go('a', wrong)).rejects.toThrow(message);
    expect(model.calls).toEqual([]);
  });

  it('refuses a missing function without a role, one made from a zip, and an image that is not there', async () => {
    const { configuration: _, ...without } = request('a');
    await expect(deploy(lambda.clients, without)).rejects.toMatchObject({
      name: 'FunctionMissing',
      hint: expect.stringContaining('role'),
    });
    await go('a');
    model.functions.get('spam')!.packageType = 'Zip';
    await expect(go('b')).rejects.toMatchObject({ name: 'FunctionIsZip' });
    model.functions.get('spam')!.packageType = 'Image';
    await expect(go('f')).rejects.toThrow('does not exist');
    expect(live()?.version).toBe('1');
  });

  it('closes a public URL when it should be signed', async () => {
    await go('a', { urlAuth: 'NONE' });
    await go('a', { urlAuth: 'AWS_IAM' });
    expect(model.functions.get('spam')?.urls.get('live')).toEqual({ auth: 'AWS_IAM' });
    expect(model.functions.get('spam')?.policy.size).toBe(0);
  });
});

async function countCalls(): Promise<number> {
  await go('a', { functionName: 'count', urlAuth: 'NONE' });
  return model.calls.length;
}
