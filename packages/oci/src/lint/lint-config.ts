import type { ImageConfig, Manifest } from '../manifest.ts';
import type { Finding } from './finding.ts';
import { isSecretName, secretsIn } from './secrets.ts';

const architectures: Record<string, string> = { x86_64: 'amd64', amd64: 'amd64', arm64: 'arm64' };

/** What manifest and config alone tell. `architecture` is the function's, in Lambda's or OCI's words. */
export function lintConfig(manifest: Manifest, config: ImageConfig, architecture?: string): Finding[] {
  return [
    ...lintPlatform(config, architecture),
    ...lintMediaTypes(manifest),
    ...lintCommand(config),
    ...lintLeaks(config),
  ];
}

function lintPlatform(config: ImageConfig, architecture: string | undefined): Finding[] {
  const wanted = architecture && (architectures[architecture] ?? architecture);
  const where = 'config';
  if (config.os !== 'linux')
    return [
      {
        rule: 'platform',
        severity: 'error',
        where,
        problem: `The image is for ${config.os}, Lambda runs linux.`,
        fix: 'Build for linux/amd64 or linux/arm64.',
      },
    ];
  if (!Object.values(architectures).includes(config.architecture))
    return [
      {
        rule: 'platform',
        severity: 'error',
        where,
        problem: `Lambda has no ${config.architecture}.`,
        fix: 'Build for linux/amd64 or linux/arm64.',
      },
    ];
  if (wanted && wanted !== config.architecture)
    return [
      {
        rule: 'platform',
        severity: 'error',
        where,
        problem: `The image is for ${config.architecture}, the function for ${wanted}.`,
        fix: `Build with platform linux/${wanted}, or change the function's architecture.`,
      },
    ];
  return [];
}

function lintMediaTypes({ layers }: Manifest): Finding[] {
  return layers.flatMap(({ mediaType, digest }, i): Finding[] => {
    if (
      /tar[.+]gzip$/.test(mediaType) &&
      !mediaType.includes('foreign') &&
      !mediaType.includes('nondistributable')
    )
      return [];
    const kind = mediaType.includes('zstd')
      ? 'compressed with zstd'
      : /\.tar$/.test(mediaType)
        ? 'not compressed'
        : mediaType;
    return [
      {
        rule: 'layer-type',
        severity: 'error',
        where: `layer ${i} (${digest.slice(7, 19)})`,
        problem: `The layer is ${kind}; Lambda takes gzipped layers only (UnsupportedImageLayerDetected).`,
        fix: 'Build with gzip: docker buildx build --output type=image,compression=gzip,force-compression=true.',
      },
    ];
  });
}

function lintCommand({ config }: ImageConfig): Finding[] {
  if ((config.Cmd?.length ?? 0) > 0) return [];
  const alone = (config.Entrypoint?.length ?? 0) > 0 && !config.Entrypoint?.includes('/lambda-entrypoint.sh');
  if (alone) return [];
  return [
    {
      rule: 'command',
      severity: 'error',
      where: 'config',
      problem: 'The image has no command: the runtime would not know the handler.',
      fix: 'Set the command to the handler, as in index.handler.',
    },
  ];
}

function lintLeaks({ config, history }: ImageConfig): Finding[] {
  const findings: Finding[] = [];
  const leak = (where: string, problem: string) =>
    findings.push({
      rule: 'secret',
      severity: 'error',
      where,
      problem,
      fix: 'Take it out, build again and change the secret: whoever may pull the image can read it.',
    });
  for (const entry of config.Env ?? []) {
    const [name = '', value = ''] = entry.split(/=(.*)/s);
    const kinds = secretsIn(value);
    if (value !== '' && isSecretName(name)) leak('env', `The variable ${name} holds a login.`);
    else if (kinds.length > 0) leak('env', `The variable ${name} holds ${kinds.join(' and ')}.`);
    else if (reserved.test(name))
      findings.push({
        rule: 'reserved-env',
        severity: 'warning',
        where: 'env',
        problem: `Lambda sets ${name} itself.`,
        fix: 'Take it out of the image.',
      });
  }
  for (const [name, value] of Object.entries(config.Labels ?? {}))
    if (secretsIn(value).length > 0)
      leak('labels', `The label ${name} holds ${secretsIn(value).join(' and ')}.`);
  for (const [i, { created_by = '' }] of (history ?? []).entries()) {
    const text = String(created_by);
    const named = [...text.matchAll(/\b([A-Za-z_]\w*)=(?!\$)["']?[^\s"']{4,}/g)]
      .map((match) => match[1]!)
      .filter(isSecretName);
    const kinds = [...named.map((name) => `the value of ${name}`), ...secretsIn(text)];
    if (kinds.length > 0) leak('history', `Step ${i + 1} of the history holds ${kinds.join(' and ')}.`);
  }
  return findings;
}

const reserved =
  /^(AWS_REGION|AWS_DEFAULT_REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_(FUNCTION_NAME|FUNCTION_VERSION|FUNCTION_MEMORY_SIZE|INITIALIZATION_TYPE|LOG_GROUP_NAME|LOG_STREAM_NAME|RUNTIME_API)|_HANDLER|_X_AMZN_TRACE_ID)$/;
