import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AssembledImage, assemble } from './assemble.ts';
import { OciError } from './errors.ts';

/** What Docker builds, and how it is called. */
export interface DockerBuildOptions {
  /** The folder that is sent to Docker. */
  context: string;
  /** The context's own Dockerfile when left out. */
  dockerfile?: string | undefined;
  platform: string;
  buildArguments?: Record<string, string>;
  annotations?: Record<string, string>;
  output: string;
  /** Runs a program with its output shown and resolves with its exit code; rejects when it does not start. */
  run: (program: string, args: string[]) => Promise<number>;
}

/** Docker isn't there, or the build failed; Docker has said why. */
export class DockerBuildFailed extends OciError {}

/**
 * Builds a Dockerfile with Docker and brings the result into the same layout as `assemble` writes: one image, gzipped
 * layers, no index and no attestations. `docker save` and our own compression instead of BuildKit's exporters, since
 * every Docker has the former. Steps that run programs are as reproducible as those programs.
 */
export async function dockerBuild(options: DockerBuildOptions): Promise<AssembledImage> {
  const { context, dockerfile, platform, buildArguments = {}, annotations = {}, output, run } = options;
  const folder = await mkdtemp(join(tmpdir(), 'docker-build-'));
  const docker = async (...args: string[]) => {
    const code = await run('docker', args).catch((cause) => {
      throw new DockerBuildFailed('docker does not start.', {
        cause,
        hint: 'Install Docker, or build without it (builder: native).',
      });
    });
    if (code !== 0) throw new DockerBuildFailed(`docker ${args[0]} ended with exit code ${code}.`);
  };
  try {
    const idFile = join(folder, 'id');
    const common = [
      ...['--platform', platform, '--iidfile', idFile],
      ...(dockerfile ? ['--file', dockerfile] : []),
      ...Object.entries(buildArguments).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
      context,
    ];
    // buildx adds attestations and keeps the image to itself unless it is told not to; older Dockers know neither.
    const hasBuildx = (await run('docker', ['buildx', 'version']).catch(() => 1)) === 0;
    if (hasBuildx) await docker('buildx', 'build', '--provenance=false', '--sbom=false', '--load', ...common);
    else await docker('build', ...common);
    const archive = join(folder, 'image.tar');
    await docker('save', '--output', archive, (await readFile(idFile, 'utf8')).trim());
    const base = { reference: `docker-archive:${archive}` };
    return await assemble({ base, platform, layers: [], config: {}, annotations, output });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
