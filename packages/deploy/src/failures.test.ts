import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { classifier, digest, faults, requestFor, World } from '../test/world.ts';
import { DeployError } from './errors.ts';
import { rollback } from './rollback.ts';

const guide = readFileSync(join(import.meta.dirname, '../../../docs/deploying.md'), 'utf8');
const quick = { timeoutMs: 5_000, pollMs: 0, retryMs: 0 };
const refuse = (code: string, status: number, message: string) => () => ({
  kind: 'refuse' as const,
  code,
  status,
  message,
});

/** A world where the image of a is live. */
async function running(): Promise<World> {
  const world = new World();
  await world.go('a');
  return world;
}

/** Every way in which a deploy ends without success, under its heading in docs/deploying.md. */
const failures: Record<string, () => Promise<unknown>> = {
  'The image is named by a tag': () => new World().go('a', { image: 'registry.example/spam:latest' }),
  'There is no such function': () => new World().go('a', { configuration: {} }),
  'The function was made from a zip file': async () => {
    const world = await running();
    world.meddle(({ latest }) => ({ latest: { ...latest, packageType: 'Zip' } }));
    return world.go('b');
  },
  'The role that deploys may not do that': async () => {
    const world = await running();
    world.fault = (operation) =>
      operation === 'UpdateFunctionCode'
        ? refuse(
            'AccessDeniedException',
            403,
            'User is not authorized to perform: lambda:UpdateFunctionCode',
          )()
        : undefined;
    return world.go('b');
  },
  'The credentials ran out': async () => {
    const world = await running();
    world.fault = refuse(
      'ExpiredTokenException',
      403,
      'The security token included in the request is expired',
    );
    return world.go('b');
  },
  'AWS keeps refusing for a while': async () => {
    const world = await running();
    world.fault = refuse('TooManyRequestsException', 429, 'Rate exceeded');
    return world.go('b', { pace: quick });
  },
  'Lambda rejects the image': async () => {
    const world = await running();
    world.broken.set(digest('b'), 'InvalidImage');
    return world.go('b');
  },
  'Lambda may not pull the image': async () => {
    const world = await running();
    world.broken.set(digest('b'), 'ImageAccessDenied');
    return world.go('b');
  },
  'Lambda takes too long': async () => {
    const world = await running();
    world.delay = 1e9;
    return world.go('b', { pace: { ...quick, timeoutMs: 100 } });
  },
  'A golden request is answered wrongly': async () => {
    const world = await running();
    world.images.set(digest('b'), () => classifier('m1')({ text: '!' }));
    return world.go('b');
  },
  'The function throws': async () => {
    const world = await running();
    world.images.set(digest('b'), () => {
      throw new Error("Cannot find module 'onnxruntime-node'");
    });
    return world.go('b');
  },
  'Another model answers': async () => {
    const world = await running();
    world.images.set(digest('b'), classifier('m2'));
    return world.go('b');
  },
  'A newer commit is live': async () => {
    const world = new World();
    const isOlder = async (commit: string, than: string) => commit < than;
    await world.go('b', { commit: '2222222', isOlder });
    return world.go('a', { commit: '1111111', isOlder });
  },
  'Two deploys get in each other’s way': async () => {
    const world = await running();
    world.before = (operation) => {
      if (operation === 'PublishVersion')
        world.meddle(({ latest }) => ({ latest: { ...latest, revisionId: `${Math.random()}` } }));
    };
    return world.go('b', { pace: quick });
  },
  'The job is cancelled': async () => {
    const world = await running();
    const controller = new AbortController();
    world.after = (operation) => {
      if (operation === 'PublishVersion') controller.abort(new Error('The job was cancelled (SIGINT).'));
    };
    return world.go('b', { signal: controller.signal });
  },
  'The alias could not be put back': async () => {
    const world = await running();
    world.after = (operation) => {
      if (operation === 'UpdateAlias')
        world.fault = (name) => (name.endsWith('Alias') ? faults.error : undefined);
    };
    return world.go('b', { pace: quick });
  },
  'There is nothing to roll back to': async () => {
    const world = await running();
    return world.on({}, (clients) => rollback(clients, requestFor('a')));
  },
  'The version to roll back to was deleted': async () => {
    const world = await running();
    return world.on({}, (clients) => rollback(clients, { ...requestFor('a'), to: '7' }));
  },
};

it.each(Object.entries(failures))('%s: docs/deploying.md shows the message', async (heading, fail) => {
  const error = await fail().catch((caught: unknown) => caught);
  if (!(error instanceof Error)) throw new Error('it went well');
  const told = [error.message, error instanceof DeployError ? error.hint : undefined]
    .filter(Boolean)
    .join('\n');
  const section = guide.split(/^### /m).find((text) => text.startsWith(`${heading}\n`));
  expect(section?.match(/```text\n([\s\S]*?)\n```/)?.[1]).toBe(told);
});

it('docs/deploying.md shows no failure that this does not know', () => {
  const headings = [...guide.matchAll(/^### (.+)$/gm)].map((match) => match[1]);
  expect(headings.sort()).toEqual(Object.keys(failures).sort());
});
