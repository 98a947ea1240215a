import type { RuntimeConfig } from '@mainline/oci';
import { region } from '../../identity.ts';
import type { Version } from '../function.ts';

/** Set by the base image for its own file system; on the host's they would only mislead. */
const leftOut = new Set(['PATH', 'LD_LIBRARY_PATH', 'TZ', 'LAMBDA_TASK_ROOT', 'LAMBDA_RUNTIME_DIR']);

/** The command of an image, as the function or the image itself sets it: for a Node image, the handler. */
export function handlerOf(version: Version, config: RuntimeConfig): string | undefined {
  return (version.command ?? config.Cmd)?.[0];
}

/** The environment Lambda gives a handler: the image's, the function's, and Lambda's own on top. */
export function workerEnvironment(options: {
  name: string;
  version: Version;
  config: RuntimeConfig;
  taskRoot: string;
  runtimeApi: string;
  logStream: string;
  /** What reaches this server, so that a handler's SDK clients do. */
  credentials: Record<string, string>;
}): Record<string, string> {
  const { name, version, config, taskRoot } = options;
  const image = (config.Env ?? []).map((pair) => pair.split(/=(.*)/s, 2) as [string, string?]);
  return {
    ...Object.fromEntries(
      image.filter(([key]) => !leftOut.has(key)).map(([key, value]) => [key, value ?? '']),
    ),
    PATH: process.env.PATH ?? '',
    TZ: ':UTC',
    ...options.credentials,
    ...version.environment,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: version.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(version.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: version.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: options.logStream,
    ...(version.logFormat === 'JSON' && { AWS_LAMBDA_LOG_FORMAT: 'JSON' }),
    AWS_LAMBDA_RUNTIME_API: options.runtimeApi,
    LAMBDA_TASK_ROOT: taskRoot,
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    _HANDLER: handlerOf(version, config) ?? '',
  };
}
