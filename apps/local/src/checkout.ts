import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DemoError } from './errors.ts';

/** A scratch checkout under an ignored folder, where the demo may commit; `source` is the commit it starts from. */
export interface Checkout {
  dir: string;
  source: string;
}

// A machine with only Node and git has no identity configured; a fixed one also makes equal commits equal.
const identity = {
  GIT_AUTHOR_NAME: 'Mainline demo',
  GIT_AUTHOR_EMAIL: 'demo@localhost',
  GIT_COMMITTER_NAME: 'Mainline demo',
  GIT_COMMITTER_EMAIL: 'demo@localhost',
};

/** Runs git and returns its trimmed output; throws `DemoError` with what git said. */
export function git(cwd: string, args: string[], env: Record<string, string> = {}): string {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
  const result = spawnSync('git', args, { cwd, encoding: 'utf8', env: { ...own, ...identity, ...env } });
  if (result.error)
    throw new DemoError('git is not installed', 'Install git and try again.', { cause: result.error });
  if (result.status !== 0)
    throw new DemoError(
      `git ${args[0]} failed in ${cwd}: ${result.stderr.trim().split('\n').at(-1)}`,
      'Mainline runs from a git checkout: clone the repository rather than unpacking an archive of it.',
    );
  return result.stdout.trim();
}

/** Dates of a commit as git's environment variables, so that what is committed on top of it is reproducible. */
function datesOf(dir: string, commit: string) {
  const date = git(dir, ['show', '-s', '--format=%cI', commit]);
  return { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
}

/** The user's tracked files as one commit: HEAD when nothing is edited, else a commit on top that no branch sees. */
export function snapshot(root: string): string {
  const head = git(root, ['rev-parse', 'HEAD']);
  const dates = datesOf(root, head);
  const stash = git(root, ['stash', 'create'], dates);
  if (stash === '') return head;
  return git(root, ['commit-tree', `${stash}^{tree}`, '-p', head, '-m', 'Working tree'], dates);
}

/** A demo that was killed inside git leaves a lock behind; the demo's own lock says that nobody holds it now. */
function dropStaleLocks(gitDir: string): void {
  for (const name of readdirSync(gitDir))
    if (name.endsWith('.lock')) rmSync(join(gitDir, name), { force: true });
}

/**
 * Brings a checkout at `dir` to a commit of `repository`; what is ignored there (installed packages, a trained
 * model, the DVC cache) stays. It shares the objects of that repository and copies none.
 */
export function checkOut(repository: string, dir: string, source: string): Checkout {
  const gitDir = join(dir, '.git');
  if (!existsSync(join(gitDir, 'HEAD'))) {
    mkdirSync(dir, { recursive: true });
    git(dir, ['init', '--quiet', '--initial-branch=main']);
  }
  dropStaleLocks(gitDir);
  const objects = git(repository, ['rev-parse', '--path-format=absolute', '--git-path', 'objects']);
  writeFileSync(join(gitDir, 'objects/info/alternates'), `${objects}\n`);
  // The history of a shallow clone ends where this file says; without it git would look for the parents.
  const shallow = git(repository, ['rev-parse', '--path-format=absolute', '--git-path', 'shallow']);
  if (existsSync(shallow)) copyFileSync(shallow, join(gitDir, 'shallow'));
  else rmSync(join(gitDir, 'shallow'), { force: true });
  git(dir, ['checkout', '--quiet', '--force', '-B', 'main', source]);
  // What training wrote beside the parameters is committed again with the pointer.
  git(dir, ['clean', '--quiet', '-fd', '--exclude=/models']);
  return { dir, source };
}

/** Commits `paths` as a push would; the same content on the same source gives the same commit. Returns HEAD. */
export function commit(checkout: Checkout, paths: string[], message: string): string {
  git(checkout.dir, ['add', '--', ...paths]);
  if (git(checkout.dir, ['status', '--porcelain', '--', ...paths]) !== '')
    git(
      checkout.dir,
      ['-c', 'commit.gpgSign=false', '-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '-m', message],
      datesOf(checkout.dir, checkout.source),
    );
  return git(checkout.dir, ['rev-parse', 'HEAD']);
}

/** A key that changes whenever one of `paths` changes in the commit: git's own hashes of them. */
export function contentKey(checkout: Checkout, paths: string[]): string {
  const revisions = paths.map((path) => `${checkout.source}:${path}`);
  return git(checkout.dir, ['rev-parse', ...revisions]).replaceAll('\n', '-');
}
