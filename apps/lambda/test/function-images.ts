import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateRepositoryCommand, ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { type LocalAws, startLocalAws } from '@mainline/local-aws';
import { build } from '../build.ts';
import { importBaseImage } from './base-image.ts';
import { writeBundle } from './bundle.ts';
import { type Dockerd, startDockerd } from './dockerd.ts';
import { spawnAction } from './spawn-action.ts';

/** The function as an image, by both roads, over one base. */
export interface FunctionImages {
  dockerd: Dockerd;
  aws: LocalAws;
  /** The model bundle in both images. */
  model: string;
  /** What build-image assembled and push-ecr pushed to local AWS's ECR: repository@sha256:… */
  assembled: string;
  /** What Docker built from the Dockerfile; a tag of the daemon's. */
  built: string;
  /** Builds the Dockerfile up to a stage for a platform, and returns the platform that build.ts was asked for. */
  platformBuilt(platform: string): Promise<string>;
  close(): Promise<void>;
}

const platform = `linux/${process.arch === 'arm64' ? 'arm64' : 'amd64'}`;
const dockerfile = join(import.meta.dirname, '../Dockerfile');
const trained = join(import.meta.dirname, '../../../models/spam/model');

// Stands where the Dockerfile's builder has npx: install does nothing, build hands out what build.ts made outside.
const npx = `#!/var/lang/bin/node
const { cpSync, writeFileSync } = require('node:fs');
const asked = process.argv.slice(2).join(' ');
const [, platform] = /^-y pnpm@10 --filter @mainline\\/lambda build --platform (\\S+)$/.exec(asked) ?? [];
if (platform) {
  cpSync('/built', 'apps/lambda/dist', { recursive: true });
  writeFileSync('/platform', platform);
} else if (asked !== '-y pnpm@10 install --frozen-lockfile --filter @mainline/lambda...') throw new Error(asked);
`;

/** Builds both images with a daemon and a local AWS of their own; what was started is ended if that fails. */
export async function buildFunctionImages(buckets: string[]): Promise<FunctionImages> {
  const running = new AsyncDisposableStack();
  try {
    const scratch = mkdtempSync(join(tmpdir(), 'function-images-'));
    running.defer(() => rmSync(scratch, { recursive: true, force: true }));
    const aws = await startLocalAws({ buckets });
    running.defer(() => aws.close());
    const dockerd = await startDockerd();
    running.defer(() => dockerd.close());

    const dist = join(scratch, 'dist');
    await build({ platform, output: dist });
    // The model that the demo trains, where it has been; the tests' own otherwise.
    const model = join(scratch, 'context/models/spam/model');
    if (existsSync(join(trained, 'manifest.json'))) cpSync(trained, model, { recursive: true });
    else writeBundle(model);

    const registry = `127.0.0.1:${aws.port}`;
    const base = `${registry}/lambda/nodejs:24`;
    await login(aws, dockerd, 'lambda/nodejs');
    await importBaseImage(dockerd, base);
    await dockerd.docker(['push', base]);

    const env = { ...aws.env, DOCKER_CONFIG: dockerd.env.DOCKER_CONFIG ?? '' };
    const layout = await spawnAction(
      'build-image',
      {
        ...{ base, platform, model, output: join(scratch, 'layout') },
        ...{ runtime: join(dist, 'runtime'), app: join(dist, 'app') },
        entrypoint: '/bin/sh\n/var/task/start.sh',
      },
      env,
    );
    const { image: assembled = '' } = await spawnAction(
      'push-ecr',
      { layout: layout.layout ?? '', repository: 'spam', tag: 'v1', 'create-repository': 'true' },
      env,
    );
    await dockerd.docker(['pull', assembled]);

    const context = join(scratch, 'context');
    const builder = await writeBuilder(dockerd, join(scratch, 'builder'), base, dist);
    const dockerBuild = (...args: string[]) =>
      dockerd.docker([
        // No bridge here: steps run on the host's network.
        ...['build', '--network=host', '-f', dockerfile, '--build-arg', `BASE=${base}`],
        ...['--build-arg', `BUILDER=${builder}`, ...args, context],
      ]);
    await dockerBuild('--platform', platform, '-t', 'function');
    return {
      ...{ dockerd, aws, model, assembled, built: 'function' },
      async platformBuilt(other) {
        await dockerBuild('--platform', other, '--target', 'build', '-t', 'build-stage');
        const print = "process.stdout.write(require('node:fs').readFileSync('/platform'))";
        return dockerd.docker([
          'run',
          '--rm',
          '--network=none',
          '--entrypoint',
          'node',
          'build-stage',
          '-e',
          print,
        ]);
      },
      close: () => running.disposeAsync(),
    };
  } catch (error) {
    await running.disposeAsync();
    throw error;
  }
}

/** `docker login` with ECR's token, and a repository to push to. */
async function login(aws: LocalAws, dockerd: Dockerd, repositoryName: string): Promise<void> {
  const ecr = new ECRClient({ endpoint: aws.url, region: aws.region, credentials: aws.credentials });
  await ecr.send(new CreateRepositoryCommand({ repositoryName }));
  const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
  ecr.destroy();
  const [username = '', password = ''] = atob(authorizationData?.[0]?.authorizationToken ?? '').split(':');
  await dockerd.docker(
    ['login', '-u', username, '--password-stdin', `127.0.0.1:${aws.port}`],
    Buffer.from(password),
  );
}

/** An image for the Dockerfile's BUILDER: the base, with an npx that needs no network. */
async function writeBuilder(dockerd: Dockerd, folder: string, base: string, dist: string): Promise<string> {
  mkdirSync(folder);
  cpSync(dist, join(folder, 'built'), { recursive: true });
  writeFileSync(join(folder, 'npx'), npx, { mode: 0o755 });
  const lines = [`FROM ${base}`, 'COPY npx /usr/bin/npx', 'COPY built /built'];
  writeFileSync(join(folder, 'Dockerfile'), lines.join('\n'));
  await dockerd.docker(['build', '--network=host', '-t', 'builder', folder]);
  return 'builder';
}

/** What an image holds under a folder: path → sha256. */
export async function filesIn(
  dockerd: Dockerd,
  image: string,
  folder: string,
): Promise<Record<string, string>> {
  const id = (await dockerd.docker(['create', '--network=none', image])).trim();
  const copy = mkdtempSync(join(tmpdir(), 'files-in-'));
  try {
    await dockerd.docker(['cp', `${id}:${folder}`, copy]);
    const sums = execFileSync('find', ['.', '-type', 'f', '-exec', 'sha256sum', '{}', '+'], {
      ...{ cwd: copy, encoding: 'utf8' },
    });
    return Object.fromEntries([...sums.matchAll(/^(\w+) {2}(.*)$/gm)].map(([, sum, path]) => [path, sum]));
  } finally {
    await dockerd.docker(['rm', id]);
    rmSync(copy, { recursive: true, force: true });
  }
}
