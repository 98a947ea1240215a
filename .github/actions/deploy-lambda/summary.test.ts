import { expect, it } from 'vitest';
import { summarise } from './summary.ts';

const answer = { text: 'Hi', expected: 'ham', answered: 'ham', difference: 0, failure: undefined };

it('shows what is live, what it replaced, how it answered and the way back', () => {
  expect(
    summarise(
      {
        changed: true,
        version: '8',
        previousVersion: '7',
        alias: 'live',
        url: 'https://abc.lambda-url.example/',
        digest: `sha256:${'ab'.repeat(32)}`,
        golden: [
          { ...answer, ms: 412, initMs: 380 },
          { ...answer, ms: 9, initMs: undefined },
        ],
        steps: [],
      },
      { functionName: 'spam', commit: '0123456789abcdef0123', modelVersion: 'm1' },
    ),
  ).toMatchInlineSnapshot(`
    "### 🚀 \`spam:live\` is live

    |  | Live now | Before |
    | --- | --- | --- |
    | Version | 8 | 7 |
    | Image | \`abababababab\` |
    | Model | \`m1\` |
    | Commit | \`0123456789ab\` |
    | URL | https://abc.lambda-url.example/ |

    2 golden requests answered as recorded, the slowest in 412 ms; a cold start took 380 ms.

    To go back:

    \`\`\`sh
    aws lambda update-alias --function-name spam --name live --function-version 7
    \`\`\`
    "
  `);
});

it('says so when nothing changed', () => {
  expect(
    summarise(
      {
        changed: false,
        version: '8',
        alias: 'live',
        digest: `sha256:${'ab'.repeat(32)}`,
        golden: [],
        steps: [],
      },
      { functionName: 'spam', commit: undefined, modelVersion: undefined },
    ),
  ).toMatchInlineSnapshot(`
    "### ✅ \`spam:live\` was live already

    |  | Live now |
    | --- | --- |
    | Version | 8 |
    | Image | \`abababababab\` |
    "
  `);
});
