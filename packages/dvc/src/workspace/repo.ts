import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Config, loadConfig } from '../config/config.ts';
import type { Place } from '../config/write.ts';
import { NotARepository } from '../errors.ts';
import { Cache } from '../objects/cache.ts';
import { State } from './state.ts';

/** A DVC repository on this machine. */
export interface Repo {
  /** The folder that holds `.dvc/`, absolute, symlinks resolved. */
  root: string;
  /** The folder that targets are seen from. */
  cwd: string;
  dvcDir: string;
  config: Config;
  cache: Cache;
  state: State;
  /** The folder that holds `.git`, unless `core.no_scm` or there is none. */
  gitRoot: string | undefined;
}

/** Where configuration is read and changed from: `dir`, and the `.dvc` of the repository it is in, if it is in one. */
export function openPlace(dir: string): Place {
  const cwd = existsSync(dir) ? realpathSync(dir) : resolve(dir);
  const root = ancestorWith(cwd, '.dvc', true);
  return { cwd, dvcDir: root && join(root, '.dvc') };
}

/** Opens the repository that `dir` is in; throws NotARepository or ConfigError. */
export function openRepo(dir: string): Repo {
  const { cwd, dvcDir } = openPlace(dir);
  if (!dvcDir)
    throw new NotARepository("you are not inside of a DVC repository (checked up to mount point '/')", {
      hint: `run where a .dvc folder is, here or above; looked from ${cwd}`,
    });
  const root = dirname(dvcDir);
  const config = loadConfig(dvcDir);
  const state = new State(join(dvcDir, 'tmp', 'mainline', 'state.json'));
  return {
    root,
    cwd,
    dvcDir,
    config,
    state,
    cache: new Cache(config.cacheDir ?? join(dvcDir, 'cache'), state, config.cacheShared),
    gitRoot: config.core.no_scm?.toLowerCase() === 'true' ? undefined : ancestorWith(root, '.git', false),
  };
}

function ancestorWith(from: string, name: string, folderOnly: boolean): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const stat = statSync(join(at, name), { throwIfNoEntry: false });
    if (stat && (!folderOnly || stat.isDirectory())) return at;
    if (dirname(at) === at) return undefined;
  }
}
