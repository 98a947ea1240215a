import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DvcError } from '../errors.ts';
import { Ignore } from './ignore.ts';
import { posixRelative } from './relpath.ts';
import type { Repo } from './repo.ts';

/** Throws if Git already keeps what is about to be tracked. */
export function refuseGitTracked(repo: Repo, path: string, name: string): void {
  if (!repo.gitRoot) return;
  // Without the program nothing can be said; Git will show both soon enough.
  const { stdout } = spawnSync('git', ['--literal-pathspecs', 'ls-files', '--', path], {
    cwd: repo.gitRoot,
    encoding: 'utf8',
  });
  if (stdout)
    throw new DvcError(`output '${name}' is already tracked by SCM (e.g. Git).`, {
      hint: `remove it from Git, then add to DVC:\n    git rm -r --cached '${name}'\n    git commit -m "stop tracking ${name}"`,
    });
}

/** What Git ignores: its own `info/exclude`, then the `.gitignore`s. Undefined without Git. */
export function gitIgnore({ gitRoot }: Repo): Ignore | undefined {
  if (!gitRoot) return undefined;
  const exclude = join(gitRoot, '.git', 'info', 'exclude');
  const lines = existsSync(exclude) ? readFileSync(exclude, 'utf8').split('\n') : [];
  return new Ignore(gitRoot, '.gitignore', ['.git/', ...lines]);
}

/** Makes Git ignore `path`, by a line in the `.gitignore` beside it unless it does already. Returns the file if it was changed. */
export function ignoreInGit(repo: Repo, path: string): string | undefined {
  const ignore = gitIgnore(repo);
  if (!ignore || ignore.find(posixRelative(repo.gitRoot!, path), false)) return undefined;
  const file = join(dirname(path), '.gitignore');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const line = `/${basename(path).replace(/[[\]!*#?]/g, '\\$&')}\n`;
  writeFileSync(file, `${text}${text && !text.endsWith('\n') ? '\n' : ''}${line}`);
  return file;
}

/** Hands files to Git, as `core.autostage` asks for. */
export function stage(repo: Repo, files: string[]): void {
  const { status, stderr } = spawnSync('git', ['--literal-pathspecs', 'add', '--', ...files], {
    cwd: repo.gitRoot,
    encoding: 'utf8',
  });
  if (status !== 0) throw new DvcError(`git add failed: ${stderr?.trim() ?? 'there is no git here'}`);
}
