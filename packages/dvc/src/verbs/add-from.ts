import { existsSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { applyPlans } from '../checkout/apply.ts';
import { planCheckout } from '../checkout/plan.ts';
import { DvcError, TransferFailed, Unsupported } from '../errors.ts';
import { parseOut } from '../files/out.ts';
import { encodeDirectory } from '../objects/directory.ts';
import { objectKey } from '../objects/oid.ts';
import { noRemote, Remotes } from '../stores/remote.ts';
import { eachLimited, retry } from '../transfer/retry.ts';
import { collect } from '../workspace/collect.ts';
import { recordData } from '../workspace/record.ts';
import type { Repo } from '../workspace/repo.ts';
import { type Added, type AddOptions, checkInside, type Data, lookAt, writeRecord } from './add.ts';
import { findPlace } from './add-place.ts';

/** `add --out`: a copy of a file or directory from anywhere, tracked in the repository; `--to-remote` sends it without keeping it here. */
export async function addFrom(repo: Repo, source: string, options: AddOptions): Promise<Added> {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(source))
    throw new Unsupported(`adding from ${source} is not supported`, {
      hint: 'download it, then add the file',
    });
  const from = resolve(repo.cwd, source);
  const path = resolve(repo.cwd, options.out ?? basename(from));
  const into = options.out?.endsWith('/') ? join(path, basename(from)) : path;
  checkInside(repo, into);
  if (existsSync(into) && into !== from && !options.force)
    throw new DvcError(`the path '${options.out}' exists already`, { hint: 'replace it by --force' });
  const place = findPlace(repo, collect(repo), into, options.file && resolve(repo.cwd, options.file));
  if (place.around) throw new DvcError(`'${into}' is inside of a tracked directory`, { file: place.file });
  const found = lookAt(repo, from, source);
  if (options.toRemote) {
    const record = await send(repo, found, options);
    return writeRecord(repo, place, into, record);
  }
  const { record } = await recordData(repo, found, { hash: 'md5', keep: true });
  if (existsSync(into) && into !== from) rmSync(into, { recursive: true });
  const out = parseOut(
    { path: into, md5: record.oid, hash: 'md5' },
    { file: place.file, wdir: repo.root, root: repo.root },
  );
  await applyPlans(repo, [await planCheckout(repo, { out })], {
    force: options.force ?? false,
    jobs: options.jobs ?? 8,
  });
  return writeRecord(repo, place, into, record);
}

/** Uploads straight from where the data lies: members first, the directory's object last. */
async function send(repo: Repo, found: Data, options: AddOptions) {
  const remote = new Remotes(repo, options.remote).named();
  if (!remote) throw noRemote(repo, 'add');
  const { record, entries } = await recordData(repo, found, { hash: 'md5', keep: false });
  const files = found.kind === 'file' ? [found.file] : found.files;
  const oids = new Map(entries.map(({ relpath, oid }) => [relpath, oid]));
  const failures = await eachLimited(
    files,
    options.jobs || remote.jobs || 8,
    async ({ path, relpath, stat }) => {
      const oid = oids.get(relpath)!;
      const key = objectKey('md5', oid);
      if ((await retry(() => remote.store.size(key))) === undefined)
        await retry(() => remote.store.put(key, { path, sizeBytes: stat.size, md5: oid }));
    },
  );
  if (failures.length > 0) throw new TransferFailed('upload', failures);
  if (found.kind === 'directory') {
    const { oid, bytes } = encodeDirectory(entries);
    const temporary = repo.cache.createTemporary(bytes);
    try {
      await retry(() =>
        remote.store.put(objectKey('md5', oid), {
          path: temporary.path,
          sizeBytes: bytes.length,
          md5: oid.slice(0, 32),
        }),
      );
    } finally {
      temporary.remove();
    }
  }
  // Like DVC, no count of files and no exec bit: nothing of it is in the workspace.
  return { oid: record.oid, hash: record.hash, sizeBytes: record.sizeBytes! };
}
