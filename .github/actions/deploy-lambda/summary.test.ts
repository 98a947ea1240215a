import { awsClients, type DeployResult } from '@mainline/deploy';
import { expect, it } from 'vitest';
import { summarise, summarisePlan } from './summary.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const answer = { text: 'Hi', expected: 'ham', answered: 'ham', difference: 0, failure: undefined };

const unchanged: DeployResult = {
  functionName: 'spam',
  alias: 'live',
  changed: false,
  changes: [],
  version: '7',
  digest: digest('a'),
  live: { commit: 'fedcba9876543210', model: 'm7', digest: digest('a'), metrics: { mcc: 0.9412 } },
  golden: [],
  pruned: [],
  steps: [],
};

it('shows what is live, what it replaced, how it answered and the way back', () => {
  expect(
    summarise({
      ...unchanged,
      changed: true,
      changes: [`image: ${digest('a')} → ${digest('b')}`, 'configuration: memory, environment.LOG_LEVEL'],
      version: '8',
      digest: digest('b'),
      live: {
        commit: '0123456789abcdef',
        model: 'm8',
        digest: digest('b'),
        metrics: { accuracy: 0.981, mcc: 0.955 },
      },
      previousVersion: '7',
      previous: unchanged.live,
      url: 'https://abc.lambda-url.example/',
      golden: [
        { ...answer, ms: 412, initMs: 380 },
        { ...answer, ms: 9, initMs: undefined },
        { ...answer, ms: 11, initMs: undefined },
      ],
      pruned: ['1', '2'],
    }),
  ).toMatchInlineSnapshot(`
    "### 🚀 \`spam:live\` is live

    |  | Live now | Before |
    | --- | --- | --- |
    | Version | 8 | 7 |
    | Image | \`bbbbbbbbbbbb\` | \`aaaaaaaaaaaa\` |
    | Model | \`m8\` | \`m7\` |
    | Commit | \`0123456789ab\` | \`fedcba987654\` |
    | accuracy | 0.9810 |  |
    | mcc | 0.9550 | 0.9412 |
    | URL | https://abc.lambda-url.example/ |  |

    - image: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa → sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    - configuration: memory, environment.LOG_LEVEL

    3 golden requests answered as recorded, in 11 ms in the middle and 412 ms at most; a cold start took 380 ms to initialise.

    Deleted old versions: 1, 2.

    To go back: revert the commit that moved the model, run the rollback action, or

    \`\`\`sh
    aws lambda update-alias --function-name spam --name live --function-version 7 --routing-config AdditionalVersionWeights={}
    \`\`\`
    "
  `);
});

it('says so when nothing changed', () => {
  expect(summarise(unchanged)).toMatchInlineSnapshot(`
    "### ✅ \`spam:live\` was live already

    |  | Live now |
    | --- | --- |
    | Version | 7 |
    | Image | \`aaaaaaaaaaaa\` |
    | Model | \`m7\` |
    | Commit | \`fedcba987654\` |
    | mcc | 0.9412 |
    "
  `);
});

it('tells a dry run’s plan per alias', () => {
  const clients = awsClients({ region: 'us-east-1' });
  const request = { functionName: 'spam', image: `r@${digest('a')}` };
  expect(
    summarisePlan(
      [
        { clients, request: { ...request, alias: 'staging' } },
        { clients, request: { ...request, alias: 'live' } },
      ],
      [[], ['configuration: memory', 'move live on from version 3']],
    ),
  ).toMatchInlineSnapshot(`
    "### ✅ \`spam:staging\` is as it should be

    ### 📝 \`spam:live\` would change

    - configuration: memory
    - move live on from version 3
    "
  `);
});
