import type { Image } from '../image.ts';
import { annotations } from '../manifest.ts';
import type { Finding } from './finding.ts';
import { lintConfig } from './lint-config.ts';
import { type Contents, lintLayer } from './lint-layer.ts';

/** What the image is for. */
export interface LintOptions {
  /** The function's architecture, `x86_64` or `arm64`. */
  architecture?: string | undefined;
  /** Most bytes that the unpacked layers may have; Lambda's 10 GB. */
  limitBytes?: number;
}

const lambdaLimitBytes = 10 * 1024 ** 3;

/**
 * What Lambda would reject or regret in an image, before it is pushed. Layers that aren't at hand (a base's, of a
 * layout) are judged by what the manifest says of them.
 */
export async function lint(image: Image, options: LintOptions = {}): Promise<Finding[]> {
  const { manifest, config } = image;
  const root = config.config.Env?.find((entry) => entry.startsWith('LAMBDA_TASK_ROOT='))?.split('=')[1];
  const contents: Contents = {
    architecture: config.architecture,
    appFolder: (root ?? '/var/task').replace(/^\/+|\/+$/g, ''),
    paths: new Map(),
    sizeBytes: 0,
  };
  const findings = lintConfig(manifest, config, options.architecture);
  for (const [i, layer] of manifest.layers.entries()) {
    const blob = await image.openLayer(layer);
    const where = `layer ${layer.annotations?.[annotations.layer] ?? i}`;
    if (blob) findings.push(...(await lintLayer(blob, where, contents)));
    else contents.sizeBytes += layer.size;
  }
  const limitBytes = options.limitBytes ?? lambdaLimitBytes;
  if (contents.sizeBytes > limitBytes)
    findings.push({
      rule: 'size',
      severity: 'error',
      where: 'image',
      problem: `The image unpacks to at least ${contents.sizeBytes} bytes, Lambda takes ${limitBytes}.`,
      fix: 'Leave out what the function does not read, or fetch it at run time.',
    });
  return findings;
}
