import { findRemote, type RemoteConfig } from '../config/config.ts';
import { NoRemote, Unsupported } from '../errors.ts';
import type { Out } from '../files/out.ts';
import type { Repo } from '../workspace/repo.ts';
import { DirectoryStore } from './directory.ts';
import { S3Store } from './s3/store.ts';
import type { Store } from './store.ts';

/** A remote ready to use. */
export interface Remote {
  name: string;
  store: Store;
  /** How many transfers it likes at once. */
  jobs: number | undefined;
  /** It keeps files at their own paths, in versions (`version_aware`, `worktree`), not objects by md5. */
  versioned: boolean;
  /** It is a copy of the tree, with objects by md5 under `.dvc` for what has no place in it. */
  worktree: boolean;
}

const instead: Record<string, string> = {
  ssh: 'mount it (sshfs) and use a directory remote, or copy it to S3',
  gs: "use the bucket's S3-compatible endpoint (endpointurl = https://storage.googleapis.com, with HMAC keys)",
  azure: 'copy it to S3 or a directory',
  http: 'copy it to S3 or a directory',
  https: 'copy it to S3 or a directory',
};

/** Opens the remote of a configuration entry; Unsupported names the kinds that are not spoken here. */
export function openRemote(config: RemoteConfig): Remote {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(config.url)?.[1]?.toLowerCase();
  const jobs = config.options.jobs === undefined ? undefined : Number(config.options.jobs) || undefined;
  const isTrue = (key: string): boolean => config.options[key]?.toLowerCase() === 'true';
  const worktree = isTrue('worktree');
  const remote = { name: config.name, jobs, worktree, versioned: worktree || isTrue('version_aware') };
  if (scheme === undefined) return { ...remote, store: new DirectoryStore(config.url) };
  if (scheme === 's3') return { ...remote, store: new S3Store(config) };
  throw new Unsupported(
    `remote '${config.name}' is ${scheme}://, which is not supported (s3:// and directories are)`,
    {
      hint: instead[scheme] ?? 'copy it to S3 or a directory',
    },
  );
}

/** Picks the remote of each out: its own, else the one asked for, else the default; each is opened once. */
export class Remotes {
  private readonly repo: Repo;
  private readonly asked: string | undefined;
  private readonly open = new Map<string, Remote>();
  constructor(repo: Repo, asked: string | undefined) {
    this.repo = repo;
    this.asked = asked?.toLowerCase();
  }

  /** The remote for an out. None where the out names another one than was asked for: it is left out, as DVC does. */
  for(out: Out): Remote | undefined {
    const own = out.remote?.toLowerCase();
    if (own && this.asked && own !== this.asked) return undefined;
    return this.named(own ?? this.asked ?? this.repo.config.defaultRemote);
  }

  /** The remote that was asked for, or the default one. */
  named(name = this.asked ?? this.repo.config.defaultRemote): Remote | undefined {
    if (name === undefined) return undefined;
    const known = this.open.get(name);
    if (known) return known;
    const remote = openRemote(findRemote(this.repo.config, name));
    this.open.set(name, remote);
    return remote;
  }
}

/** What push says where no remote is known. */
export function noRemote(repo: Repo, verb: string): NoRemote {
  const how =
    repo.config.remotes.size > 0
      ? `Setup default remote with\n    dvc remote default <remote name>\nor use:\n    dvc ${verb} -r <remote name>`
      : 'Create a default remote with\n    dvc remote add -d <remote name> <remote url>';
  return new NoRemote(`config file error: no remote specified in ${repo.root}. ${how}`, {
    file: repo.dvcDir,
  });
}
