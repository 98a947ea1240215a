import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { baseRepository, baseTag, seedBaseImage } from './base-image/seed-base-image.ts';
import { createEcr } from './ecr/ecr.ts';
import { EventSources } from './event-source/event-sources.ts';
import type { FaultPlan } from './faults/fault-plan.ts';
import { accessKeyId, account, region, secretAccessKey } from './identity.ts';
import { ecrImages } from './lambda/images.ts';
import { createLambda } from './lambda/lambda.ts';
import { type InvocationRecord, invocationMetrics, observed } from './lambda/observed-workers.ts';
import type { Delays } from './lambda/transitions.ts';
import { ImageRoots } from './lambda/worker/image-root.ts';
import { chooseSandbox, type Isolation } from './lambda/worker/sandbox/choose-sandbox.ts';
import { WorkerPool } from './lambda/worker/worker-pool.ts';
import { LogStore } from './logs/log-store.ts';
import { createLogs } from './logs/logs.ts';
import { embeddedMetrics } from './metrics/embedded-metrics.ts';
import { MetricStore } from './metrics/metric-store.ts';
import { createMetrics } from './metrics/metrics.ts';
import { createPage } from './page/page.ts';
import { createRouter } from './router.ts';
import { createS3 } from './s3/s3.ts';
import { listen } from './server.ts';
import { Queues } from './sqs/queues.ts';
import { createSqs } from './sqs/sqs.ts';
import { lockDataFolder } from './state/data-folder.ts';
import { sts } from './sts.ts';

export interface LocalAwsOptions {
  /** 0, the default, takes any free port. */
  port?: number;
  /** Folder that keeps everything; without it a temporary one that `close` removes. */
  data?: string;
  /** Buckets to have from the start; what they hold already stays. */
  buckets?: string[];
  /** Path in the image → folder on this machine, for machines that can't run the image's own files. */
  substitute?: Record<string, string>;
  /** How long Lambda takes to create, update and publish. */
  delays?: Partial<Delays>;
  /** Concurrent invocations over all functions; 10, what a new AWS account has. */
  maxConcurrency?: number;
  /** Lambda's limit for a handler's init: 10 seconds. */
  initLimitMs?: number;
  /** Whether handlers run in namespaces of their own: by default where this user may make them (root on Linux). */
  isolation?: Isolation;
  /** How long a registry password is good for; twelve hours in AWS. */
  ecrTokenLifetimeMs?: number;
  /** Makes chosen calls fail. */
  faults?: FaultPlan;
  log?: (line: string) => void;
}

/** A running local AWS. */
export interface LocalAws {
  url: string;
  port: number;
  region: typeof region;
  account: typeof account;
  /** The only keys whose signatures it accepts. */
  credentials: { accessKeyId: string; secretAccessKey: string };
  /** What clients need in their environment to reach it. */
  env: Record<string, string>;
  /** A stand-in for AWS's Node base image, in this server's registry; pulled without signing in. */
  baseImage: string;
  close(): Promise<void>;
}

/**
 * Starts S3, ECR with its registry, Lambda with its function URLs, SQS, CloudWatch and STS on one port of 127.0.0.1.
 * Throws PortTakenError, DataInUseError or StateError, and has then left nothing running.
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

const shownInvocations = 50;

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
  const roots = new ImageRoots(join(folder, 'lambda', 'images'), ecr.store, options.substitute ?? {});
  const metrics = new MetricStore(join(folder, 'metrics'));
  logs.onEvent((_group, { message, timestamp }) => metrics.put(embeddedMetrics(message, timestamp)));
  const invocations: InvocationRecord[] = [];
  const pool = new WorkerPool({
    roots,
    logs,
    sandbox: chooseSandbox(
      options.isolation ?? 'auto',
      options.substitute !== undefined,
      join(folder, 'lambda', 'empty'),
    ),
    credentials: env,
    maxConcurrency: options.maxConcurrency ?? 10,
    initLimitMs: options.initLimitMs ?? 10_000,
    keepIdleMs: 10 * 60_000,
  });
  const lambda = createLambda({
    folder: join(folder, 'lambda', 'functions'),
    images: ecrImages(ecr.store, roots),
    workers: observed(pool, (record) => {
      metrics.put(invocationMetrics(record));
      invocations.unshift(record);
      invocations.splice(shownInvocations);
    }),
    delays: options.delays ?? {},
  });
  running.defer(lambda.close);
  roots.keepOnly(
    lambda.context.store.all.flatMap((fn) =>
      [fn.latest, fn.serving, ...fn.published].map(({ digest }) => digest),
    ),
  );
  const queues = new Queues(join(folder, 'sqs'));
  const eventSources = new EventSources(join(folder, 'lambda'), queues, lambda.context);
  lambda.add(eventSources.operations);
  running.defer(() => eventSources.close());
  const services = [
    s3.service,
    ecr.control,
    lambda.service,
    createLogs(logs),
    createMetrics(metrics),
    createSqs(queues),
    sts,
  ];
  const page = createPage(({ origin }) => ({
    env: env(),
    origin,
    baseImage: `127.0.0.1:${port}/${baseRepository}:${baseTag}`,
    functions: lambda.context.store,
    ecr: ecr.store,
    buckets: s3.buckets,
    queues,
    logs,
    metrics,
    invocations,
  }));
  const route = createRouter(services, ecr.registry, page, {
    faults: options.faults,
    log: options.log,
  });

  const { port, close } = await listen(options.port ?? 0, route, options.log ?? (() => {}));
  running.defer(close);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    region,
    account,
    credentials: { accessKeyId, secretAccessKey },
    env: env(),
    baseImage: `127.0.0.1:${port}/${baseRepository}:${baseTag}`,
    close: () => running.disposeAsync(),
  };
}
