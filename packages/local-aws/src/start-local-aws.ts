import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { baseRepository, baseTag, seedBaseImage } from './base-image/seed-base-image.ts';
import { createEcr } from './ecr/ecr.ts';
import { AwsError } from './errors.ts';
import type { Call, Reply, Service } from './http/call.ts';
import { credentialScope } from './http/credential-scope.ts';
import { accessKeyId, account, region, secretAccessKey } from './identity.ts';
import { isFunctionUrl } from './lambda/function-url.ts';
import { createLambda, type LambdaOptions } from './lambda/lambda.ts';
import { LogStore } from './logs/log-store.ts';
import { createS3 } from './s3/s3.ts';
import { listen } from './server.ts';
import { lockDataFolder } from './state/data-folder.ts';
import { sts } from './sts.ts';

export interface LocalAwsOptions extends LambdaOptions {
  /** 0, the default, takes any free port. */
  port?: number;
  /** Folder that keeps everything; without it a temporary one that `close` removes. */
  data?: string;
  /** Buckets to have from the start; what they hold already stays. */
  buckets?: string[];
  /** How long a registry password is good for; twelve hours in AWS. */
  ecrTokenLifetimeMs?: number;
  log?: (line: string) => void;
}

/** A running local AWS. */
export interface LocalAws {
  url: string;
  port: number;
  region: typeof region;
  account: typeof account;
  /** What clients need in their environment to reach it. */
  env: Record<string, string>;
  /** A stand-in for AWS's Node base image, in this server's registry; pulled without signing in. */
  baseImage: string;
  close(): Promise<void>;
}

/**
 * Starts S3, ECR with its registry, Lambda with its function URLs, and STS on one port of 127.0.0.1. Throws
 * PortTakenError, DataInUseError or StateError, and has then left nothing running.
 */
export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const running = new AsyncDisposableStack();
  try {
    return await start(options, running);
  } catch (error) {
    await running.disposeAsync();
    throw error;
  }
}

/** Whatever has to end is put on `running`, last started first ended. */
async function start(options: LocalAwsOptions, running: AsyncDisposableStack): Promise<LocalAws> {
  const folder = options.data ? resolve(options.data) : mkdtempSync(join(tmpdir(), 'local-aws-'));
  if (!options.data) running.defer(() => rmSync(folder, { recursive: true, force: true }));
  running.defer(lockDataFolder(folder));

  const env = (): Record<string, string> => ({
    AWS_ENDPOINT_URL: url,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
  const s3 = createS3(join(folder, 's3'), options.buckets);
  const ecr = createEcr(join(folder, 'ecr'), options.ecrTokenLifetimeMs);
  await seedBaseImage(ecr.store);
  const logs = new LogStore(join(folder, 'logs'));
  const lambda = createLambda(join(folder, 'lambda'), ecr.store, logs, env, options);
  running.defer(lambda.close);
  const services: Record<string, Service> = {
    s3: s3.handle,
    ecr: ecr.handle,
    lambda: lambda.handle,
    sts,
  };

  async function route(call: Call): Promise<Reply> {
    const name = credentialScope(call)?.service;
    if (isFunctionUrl(call.rawPath) && (!name || name === 'lambda')) return lambda.functionUrl(call);
    if (!name && /^\/v2(\/|$)/.test(call.rawPath)) return ecr.registry(call);
    const service = name && Object.hasOwn(services, name) ? services[name] : undefined;
    if (service) return service(call);
    throw new AwsError(
      'UnknownService',
      name
        ? `Local AWS has no service ${name}`
        : 'The request is not signed, and is for no service that takes those',
      name ? 404 : 403,
    );
  }

  const { port, close } = await listen(options.port ?? 0, route, options.log ?? (() => {}));
  running.defer(close);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    region,
    account,
    env: env(),
    baseImage: `127.0.0.1:${port}/${baseRepository}:${baseTag}`,
    close: () => running.disposeAsync(),
  };
}
