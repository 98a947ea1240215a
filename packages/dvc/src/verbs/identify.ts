import { hash } from 'node:crypto';
import { describe, type Out } from '../files/out.ts';
import type { Oid } from '../objects/oid.ts';
import { collect } from '../workspace/collect.ts';
import type { Repo } from '../workspace/repo.ts';
import { type Selection, selectTargets } from '../workspace/targets.ts';

/** What targets stand for, by the pointers alone. */
export interface Identity {
  /** Over the names and md5s: the same where the data is the same. */
  digest: string;
  /** `file` is the pointer or pipeline that names the out, absolute. */
  outs: { path: string; oid: Oid; file: string }[];
}

/** Says what a pull of these targets would bring, without looking at cache, workspace or remote. */
export function identify(repo: Repo, selection: Selection = {}): Identity {
  const outs = selectTargets(repo, collect(repo), selection)
    .map(({ out }) => out)
    .filter((out) => out.cache && out.oid !== undefined);
  return {
    digest: digestOf(outs),
    outs: outs.map((out) => ({ path: describe(out, repo.cwd), oid: out.oid!, file: out.file })),
  };
}

/** One md5 over the names and md5s of outs. */
export function digestOf(outs: Out[]): string {
  return hash(
    'md5',
    outs
      .map(({ oid, name }) => `${oid} ${name}\n`)
      .sort()
      .join(''),
  );
}
