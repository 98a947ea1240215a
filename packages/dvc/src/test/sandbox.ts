import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach } from 'vitest';

/** What stands beside the repository on some machines: files that real DVC wrote. */
export const shared =
  process.env.MAINLINE_SHARED ?? resolve(import.meta.dirname, '..', '..', '..', '..', '..', 'shared');

/** The archive of a repository, cache and remote made by DVC 3.64, if it is here. */
export const goldenArchive = join(shared, 'golden', 'dvc.tar.gz');
export const hasGolden = existsSync(goldenArchive);
/** Appended to the name of a test that needs the archive, so that a skipped run says why. */
export const needsGolden = hasGolden ? '' : ' (skipped: no ../shared/golden/dvc.tar.gz)';

/** A new empty folder, and how to remove it. */
export function scratch(): { dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'mainline-dvc-'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** A folder made anew for each test of the file, and `prepare`d. */
export function useScratch(prepare: (dir: string) => void = () => {}): { readonly dir: string } {
  let box: ReturnType<typeof scratch>;
  beforeEach(() => {
    box = scratch();
    prepare(box.dir);
  });
  afterEach(() => box.remove());
  return {
    get dir() {
      return box.dir;
    },
  };
}

/** Writes files given as path → content, making folders; a content of undefined makes an empty folder. */
export function write(dir: string, files: Record<string, string | Buffer | undefined>): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(dir, path);
    mkdirSync(content === undefined ? file : dirname(file), { recursive: true });
    if (content !== undefined) writeFileSync(file, content);
  }
}

/** The md5 of "hello\n". */
export const hello = 'b1946ac92492d2347c6235b4d2611184';

/** Reads and removes what is in a folder that each test has anew. */
export const filesIn = (dir: () => string) => ({
  read: (path: string): string => readFileSync(join(dir(), path), 'utf8'),
  remove(...paths: string[]): void {
    for (const path of paths) rmSync(join(dir(), path), { recursive: true, force: true });
  },
});

/** Every file below a folder as path (by `/`) → bytes in latin1, but for what a run leaves in `.dvc/tmp`. */
export function tree(dir: string): Record<string, string> {
  if (!existsSync(dir)) return {};
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter(
    (name) => statSync(join(dir, name)).isFile() && !/(^|[\\/])\.dvc[\\/]tmp[\\/]/.test(name),
  );
  return Object.fromEntries(
    files.sort().map((name) => [name.replaceAll('\\', '/'), readFileSync(join(dir, name), 'latin1')]),
  );
}

/** Makes a repository (no Git) whose default remote is the folder `remote` beside it. */
export function makeRepo(parent: string, name = 'repo', remote = '../../remote'): string {
  const dir = join(parent, name);
  write(dir, {
    '.dvc/config': `[core]\n    remote = r\n    no_scm = True\n['remote "r"']\n    url = ${remote}\n`,
  });
  return dir;
}

/** Unpacks the golden archive; its repository expects its remote under another name. */
export function unpackGolden(into: string): {
  repo: string;
  cache: string;
  remote: string;
  pipeline: string;
} {
  execFileSync('tar', ['xzf', goldenArchive, '-C', into]);
  const at = (name: string): string => join(into, 'dvc', name);
  renameSync(at('remote'), at('g1-remote'));
  return { repo: at('repo'), cache: at('cache'), remote: at('g1-remote'), pipeline: at('pipeline') };
}
