import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { GitHub } from './github-api.ts';

/**
 * Whether one commit is an ancestor of another: by git where the checkout reaches back far enough, else by GitHub if
 * there is a token; undefined if neither knows.
 */
export async function isAncestor(
  commit: string,
  of: string,
  where: { workspace: string; github: GitHub | undefined },
): Promise<boolean | undefined> {
  const child = spawn('git', ['merge-base', '--is-ancestor', commit, of], {
    cwd: where.workspace,
    stdio: 'ignore',
  });
  const code = await once(child, 'close').then(
    ([exitCode]: (number | null)[]) => exitCode,
    () => undefined, // no git here
  );
  // 128: one of the two is not in this checkout, which by default holds a single commit.
  if (code === 0 || code === 1) return code === 0;
  if (!where.github) return undefined;
  const compared = await where.github.call('GET', `/compare/${of}...${commit}`);
  const status = typeof compared === 'object' && compared && 'status' in compared && compared.status;
  return status === 'behind' || status === 'identical';
}
