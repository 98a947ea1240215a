import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awsClients, deploy, status } from '@mainline/deploy';
import { type LocalAws, startLocalAws } from '@mainline/local-aws';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { architecture, pushSpamFunction, role } from '../lib/test/spam-function.ts';
import { spawnAction } from '../lib/test/spawn-action.ts';
import { summarise } from './action.ts';

const program = join(import.meta.dirname, 'dist/index.js');
let aws: LocalAws;
let folder: string;

beforeAll(async () => {
  aws = await startLocalAws();
  Object.assign(process.env, aws.env);
  folder = await mkdtemp(join(tmpdir(), 'rollback-'));
});
afterAll(async () => {
  await aws.close();
  await rm(folder, { recursive: true });
});

const run = (inputs: Record<string, string> = {}) =>
  spawnAction(program, { cwd: folder, with: { 'function-name': 'spam', ...inputs }, env: aws.env });

it('goes back, and says that it is there the second time it is told to', async () => {
  for (const [commit, score] of [
    ['c0ffee1', 0.9],
    ['c0ffee2', 0.8],
  ] as const)
    await deploy(awsClients(), {
      functionName: 'spam',
      alias: 'live',
      image: await pushSpamFunction(aws, folder, score),
      commit,
      modelVersion: 'm1',
      configuration: { role, architecture },
    });

  const back = await run();
  expect(back).toMatchObject({
    exitCode: 0,
    outputs: { version: '1', alias: 'live', 'previous-version': '2', changed: 'true' },
  });
  expect(back.summary).toContain('### ⏪ `spam:live` is back at version 1');
  expect(await status(awsClients(), { functionName: 'spam', alias: 'live' })).toMatchObject({
    version: '1',
    commit: 'c0ffee1',
    previous: '2',
  });
  expect((await run({ version: '1' })).outputs).toMatchObject({ version: '1', changed: 'false' });
});

it.each<[string, Record<string, string>, string]>([
  ['a version that is not there', { version: '7' }, 'There is no version 7 of spam'],
  ['an alias that is not there', { alias: 'none' }, 'There is no alias "none"'],
  ['a misspelt input', { verison: '1' }, 'did you mean "version"?'],
])('refuses %s', async (_, inputs, message) => {
  const ran = await run(inputs);
  expect(ran.exitCode).toBe(1);
  expect(ran.log).toContain(message);
});

it('summarises what is live now', () => {
  expect(
    summarise({
      functionName: 'spam',
      alias: 'live',
      changed: true,
      version: '7',
      previousVersion: '8',
      stamp: { digest: `sha256:${'ab'.repeat(32)}`, model: 'm7', commit: '0123456789abcdef' },
      golden: [],
    }),
  ).toMatchInlineSnapshot(`
    "### ⏪ \`spam:live\` is back at version 7

    |  | Live now |
    | --- | --- |
    | Version | 7 (was 8) |
    | Image | \`abababababab\` |
    | Model | \`m7\` |
    | Commit | \`0123456789ab\` |
    "
  `);
});
