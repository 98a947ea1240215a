import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Job } from '../lib/action.ts';

/** What an image says of where it comes from; the same for every build of a commit. */
export interface Provenance {
  annotations: Record<string, string>;
  /** When the commit was made, ISO; undefined outside of a checkout. */
  created: string | undefined;
}

/** Reads it from the job and its checkout; empty where there is neither. */
export async function readProvenance({ sha, runUrl, workspace }: Job['github']): Promise<Provenance> {
  const repositoryUrl = runUrl?.replace(/\/actions\/runs\/.*$/, '');
  const created = sha && (await commitTime(sha, workspace));
  return {
    created,
    annotations: {
      ...(repositoryUrl && { 'org.opencontainers.image.source': repositoryUrl }),
      ...(sha && { 'org.opencontainers.image.revision': sha }),
      ...(created && { 'org.opencontainers.image.created': created }),
    },
  };
}

/** The committer's time in UTC. Not the time of the build, which would make each build another image. */
async function commitTime(sha: string, workspace: string): Promise<string | undefined> {
  try {
    const args = ['show', '--no-patch', '--format=%ct', sha];
    const { stdout } = await promisify(execFile)('git', args, { cwd: workspace });
    return `${new Date(Number(stdout) * 1000).toISOString().slice(0, 19)}Z`;
  } catch {
    // No git, no checkout, or not this commit: the image is dated 1970 then.
    return undefined;
  }
}
