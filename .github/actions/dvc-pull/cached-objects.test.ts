import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { add, openRepo, push } from '@mainline/dvc';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spawnAction } from '../lib/test/spawn-action.ts';
import { cacheKey, restoreObjects, saveObjects } from './cached-objects.ts';
import { type CacheService, startCacheService } from './test/cache-service.ts';

const program = join(import.meta.dirname, 'dist/index.js');
// md5 of "weights"
const weights = '63f4f1e9b725370f459720575cd5f953';
let folder: string;
let workspace: string;
let service: CacheService;

/** A remote with a model, and the workspace of a job that has only the pointer. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runner-cache-'));
  workspace = join(folder, 'workspace');
  service = await startCacheService(workspace, join(folder, 'temporary'));
  await configure(workspace);
  await mkdir(join(workspace, 'model'));
  await writeFile(join(workspace, 'model/weights.bin'), 'weights');
  await writeFile(join(workspace, 'model/labels.txt'), 'ham\nspam\n');
  const repo = openRepo(workspace);
  await add(repo, { targets: ['model'] });
  await push(repo);
  await freshCheckout();
});
afterEach(async () => {
  service.close();
  await rm(folder, { recursive: true });
});

async function configure(repo: string): Promise<void> {
  await mkdir(join(repo, '.dvc'), { recursive: true });
  await writeFile(
    join(repo, '.dvc/config'),
    '[core]\n    remote = store\n    no_scm = true\n[\'remote "store"\']\n    url = ../../remote\n',
  );
}

/** What the next job finds: Git's files, nothing else. */
async function freshCheckout(): Promise<void> {
  for (const name of ['.dvc', 'model']) await rm(join(workspace, name), { recursive: true, force: true });
  await configure(workspace);
}

const run = (inputs: Record<string, string> = {}) =>
  spawnAction(program, { cwd: workspace, with: { cache: 'true', ...inputs }, env: service.env });
const model = (name: string) => readFile(join(workspace, 'model', name), 'utf8');

describe('through @actions/cache, against a stand-in for its service', () => {
  it('keeps what was pulled under its md5; the next job gets it though the remote is gone', async () => {
    const first = await run();
    expect(first).toMatchObject({ exitCode: 0, outputs: { files: '3', 'cache-hit': 'false' } });
    const oid = (await readFile(join(workspace, 'model.dvc'), 'utf8')).match(/md5: (\S+)/)?.[1];
    expect(service.keys()).toEqual([`dvc-md5-${oid}`]);

    await freshCheckout();
    await rm(join(folder, 'remote'), { recursive: true });
    const second = await run({ targets: 'model.dvc' });
    expect(second).toMatchObject({
      exitCode: 0,
      outputs: { files: '0', bytes: '0', digest: first.outputs.digest, 'cache-hit': 'true' },
    });
    expect(second.summary).toContain("GitHub's cache had it");
    expect([await model('weights.bin'), await model('labels.txt')]).toEqual(['weights', 'ham\nspam\n']);
    expect(await readdir(join(workspace, '.dvc/tmp/mainline'))).not.toContain('runner-cache');
  });

  it.each<[string, Record<string, string>, () => void]>([
    ['is switched off', { cache: 'false' }, () => {}],
    ['refuses', {}, () => service.refuse()],
  ])('pulls from the remote when the cache %s', async (_, inputs, arrange) => {
    arrange();
    const ran = await run(inputs);
    expect(ran).toMatchObject({ exitCode: 0, outputs: { files: '3', 'cache-hit': 'false' } });
    expect(service.keys()).toEqual([]);
    expect(await model('weights.bin')).toBe('weights');
  });

  it('keeps the data of each step apart, a part of a folder too', async () => {
    const part = await run({ targets: 'model/labels.txt' });
    expect(part).toMatchObject({ exitCode: 0, outputs: { files: '2', 'cache-hit': 'false' } });
    const rest = await run({ targets: 'model.dvc' });
    expect(rest).toMatchObject({ exitCode: 0, outputs: { files: '1', 'cache-hit': 'false' } });
    expect(service.keys()).toHaveLength(2);

    await freshCheckout();
    await rm(join(folder, 'remote'), { recursive: true });
    expect((await run({ targets: 'model.dvc' })).outputs).toMatchObject({ files: '0', 'cache-hit': 'true' });
  });

  it('pulls from the remote when the archive is broken', async () => {
    await run();
    await freshCheckout();
    service.tamper((archive) => archive.subarray(0, archive.length / 2));
    const ran = await run();
    expect(ran).toMatchObject({ exitCode: 0, outputs: { 'cache-hit': 'false' } });
    expect(await model('weights.bin')).toBe('weights');
  });
});

describe('whatever the cache holds', () => {
  const directory = () => {
    const kept = join(folder, 'kept');
    return {
      kept,
      restore: async (into: string) => {
        for (const name of await readdir(kept, { recursive: true })) {
          const bytes = await readFile(join(kept, name)).catch(() => undefined); // a folder
          if (bytes) await mkdir(join(into, name, '..'), { recursive: true });
          if (bytes) await writeFile(join(into, name), bytes);
        }
        return true;
      },
      save: async () => {},
    };
  };

  it('believes no object before its md5 was checked: a corrupt one is fetched anew', async () => {
    const cache = directory();
    const stored = join(cache.kept, 'files/md5', weights.slice(0, 2));
    await mkdir(stored, { recursive: true });
    await writeFile(join(stored, weights.slice(2)), 'WEIGHTS');
    await restoreObjects(openRepo(workspace), cache, 'key');
    const ran = await run({ cache: 'false' });
    expect(ran).toMatchObject({ exitCode: 0, outputs: { files: '3' } });
    expect(ran.log).toContain(`object ${weights} was corrupt`);
    expect(await model('weights.bin')).toBe('weights');
  });

  it('takes nothing that is not named like an object, and replaces nothing', async () => {
    await run({ cache: 'false' });
    const cache = directory();
    const stored = join(cache.kept, 'files/md5', weights.slice(0, 2));
    await mkdir(stored, { recursive: true });
    await mkdir(join(cache.kept, 'quarantine'));
    for (const path of [join(stored, weights.slice(2)), join(stored, 'x'), join(cache.kept, 'quarantine/1')])
      await writeFile(path, 'evil');
    const root = join(workspace, '.dvc/cache');
    const before = await readdir(root, { recursive: true });
    await restoreObjects(openRepo(workspace), cache, 'key');
    expect(await readdir(root, { recursive: true })).toEqual(before);
    const own = join(root, 'files/md5', weights.slice(0, 2), weights.slice(2));
    expect(await readFile(own, 'utf8')).toBe('weights');
    await chmod(own, 0o644);
  });

  it('saves the objects asked for and no others', async () => {
    await run({ cache: 'false' });
    const key = `files/md5/${weights.slice(0, 2)}/${weights.slice(2)}`;
    let saved: string[] = [];
    await saveObjects(
      openRepo(workspace),
      {
        restore: async () => false,
        save: async (from) => {
          saved = (await readdir(from, { recursive: true, withFileTypes: true }))
            .filter((entry) => entry.isFile())
            .map((entry) => entry.name);
        },
      },
      'key',
      [key],
    );
    expect(saved).toEqual([weights.slice(2)]);
  });
});

describe('the key', () => {
  const [a, b] = ['a'.repeat(32), `${'b'.repeat(32)}.dir`];
  const key = (oids: string[], targets?: string[]) =>
    cacheKey(
      { digest: 'd', outs: oids.map((oid, index) => ({ path: `x${index}`, oid, file: '' })) },
      targets,
    );

  it('is the md5 itself where there is one', () => {
    expect(key([a], ['x.dvc'])).toBe(`dvc-md5-${a}`);
  });
  it('is the same in whatever order and however often the data is named', () => {
    expect(key([a, b])).toMatch(/^dvc-md5-[0-9a-f]{32}$/);
    expect(key([b, a, b], ['x0.dvc', 'x1.dvc'])).toBe(key([a, b]));
  });
  it('is another for a part of the data, and for other data', () => {
    const keys = [key([b], ['x0/part']), key([b], ['x0/other']), key([b]), key([a, b])];
    expect(new Set(keys).size).toBe(keys.length);
  });
  it('is none without data', () => {
    expect(key([])).toBeUndefined();
  });
});
