import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CreateRepositoryCommand, ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { assemble, push } from '@mainline/oci';
import type { LocalAws } from '../src/start-local-aws.ts';

/** Credentials of a running local AWS, for official clients. */
export function clientConfig(aws: LocalAws) {
  return {
    endpoint: aws.url,
    region: aws.region,
    maxAttempts: 1,
    credentials: aws.credentials,
  };
}

/** Builds an image over the base from files at /var/task and pushes it as `repository:tag`; returns `repository@digest`. */
export async function pushHandler(
  aws: LocalAws,
  files: Record<string, string>,
  options: { repository?: string; tag?: string; command?: string[]; env?: Record<string, string> } = {},
): Promise<string> {
  const { repository = 'handlers', tag, command = ['index.handler'], env } = options;
  const ecr = new ECRClient(clientConfig(aws));
  const work = mkdtempSync(join(tmpdir(), 'local-aws-image-'));
  try {
    await ecr.send(new CreateRepositoryCommand({ repositoryName: repository })).catch((error: Error) => {
      if (error.name !== 'RepositoryAlreadyExistsException') throw error;
    });
    const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
    const token = Buffer.from(authorizationData![0]!.authorizationToken!, 'base64').toString('utf8');
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(work, 'app', path)), { recursive: true });
      writeFileSync(join(work, 'app', path), text);
    }
    const { layout } = await assemble({
      base: { reference: aws.baseImage },
      platform: 'linux/amd64',
      layers: [{ name: 'app', from: join(work, 'app'), to: '/var/task' }],
      config: { command, ...(env && { env }) },
      output: join(work, 'image'),
    });
    const { digest } = await push({
      layout,
      registry: `127.0.0.1:${aws.port}`,
      repository,
      ...(tag && { tag }),
      credential: { username: 'AWS', password: token.slice('AWS:'.length) },
    });
    return `127.0.0.1:${aws.port}/${repository}@${digest}`;
  } finally {
    ecr.destroy();
    rmSync(work, { recursive: true, force: true });
  }
}
