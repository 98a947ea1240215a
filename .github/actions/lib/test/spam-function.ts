import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateRepositoryCommand, ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import type { LocalAws } from '@mainline/local-aws';
import { assemble, push } from '@mainline/oci';

/** The role that functions of tests run as. */
export const role = 'arn:aws:iam::000000000000:role/spam';

/** The architecture that this machine can run, as Lambda calls it. */
export const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';

/** What functions of {@link pushSpamFunction} with a score of 0.9 answer, as a bundle's golden.json says it. */
export const golden = {
  schemaVersion: 1,
  tolerance: 0.001,
  cases: [
    { text: 'Buy now!', label: 'spam', scores: { ham: 0.1, spam: 0.9 } },
    { text: 'See you at noon', label: 'ham', scores: { ham: 0.8, spam: 0.2 } },
  ],
};

/** Pushes a function to local ECR that takes an exclamation mark for spam, with this score; returns the image by digest. */
export async function pushSpamFunction(aws: LocalAws, folder: string, spamScore: number): Promise<string> {
  const app = join(folder, `app-${spamScore}`);
  await mkdir(app, { recursive: true });
  await writeFile(
    join(app, 'index.mjs'),
    `export const handler = async ({ text }) => {
      const spam = text.includes('!') ? ${spamScore} : 0.2;
      return {
        model: { name: 'spam', version: 'm1' },
        predictions: [{ label: spam > 0.5 ? 'spam' : 'ham', score: Math.max(spam, 1 - spam), scores: { ham: 1 - spam, spam } }],
      };
    };`,
  );
  const layout = join(folder, `layout-${spamScore}`);
  await assemble({
    base: { reference: aws.baseImage },
    platform: process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64',
    layers: [{ name: 'app', from: app, to: '/var/task' }],
    config: { command: ['index.handler'] },
    output: layout,
  });
  const ecr = new ECRClient({ endpoint: aws.url, region: aws.region, credentials: aws.credentials });
  await ecr.send(new CreateRepositoryCommand({ repositoryName: 'spam' })).catch(() => {}); // there already
  const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
  ecr.destroy();
  const [username = '', password = ''] = atob(authorizationData?.[0]?.authorizationToken ?? '').split(':');
  const { reference } = await push({
    layout,
    registry: `127.0.0.1:${aws.port}`,
    repository: 'spam',
    credential: { username, password },
  });
  return reference;
}
