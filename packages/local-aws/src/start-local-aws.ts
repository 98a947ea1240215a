import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
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
import { sts } from './sts.ts';

export interface LocalAwsOptions extends LambdaOptions {
  /** 0, the default, takes any free port. */
  port?: number;
  /** Folder that keeps everything; without it a temporary one that `close` removes. */
  data?: string;
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

/** Starts S3 and STS on one port of 127.0.0.1; throws PortTakenError. */
export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const log = options.log ?? (() => {});
  const folder = options.data ? resolve(options.data) : mkdtempSync(join(tmpdir(), 'local-aws-'));
  mkdirSync(folder, { recursive: true });
  const s3 = createS3(join(folder, 's3'));
  const ecr = createEcr(join(folder, 'ecr'), options.ecrTokenLifetimeMs);
  await seedBaseImage(ecr.store);

  const logs = new LogStore(join(folder, 'logs'));
  const env = (): Record<string, string> => ({
    AWS_ENDPOINT_URL: url,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
  const lambda = createLambda(join(folder, 'lambda'), ecr.store, logs, env, options);
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

  const { server, port } = await listen(options.port ?? 0, route, log);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    region,
    account,
    env: env(),
    baseImage: `127.0.0.1:${port}/${baseRepository}:${baseTag}`,
    async close() {
      await lambda.close();
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
      if (!options.data) rmSync(folder, { recursive: true, force: true });
    },
  };
}
