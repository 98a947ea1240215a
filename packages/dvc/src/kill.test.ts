import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { add, openRepo, pull, push, status } from './index.ts';
import { parseDirectory } from './objects/directory.ts';
import { makeRepo, scratch, tree, write } from './test/sandbox.ts';

let box: ReturnType<typeof scratch>;
let source: string;
let wanted: Record<string, string>;
const md5 = (text: string): string => createHash('md5').update(text, 'latin1').digest('hex');

/** Path → md5 of all files below a folder. */
const sums = (dir: string): Record<string, string> =>
  Object.fromEntries(Object.entries(tree(dir)).map(([path, text]) => [path, md5(text)]));

beforeAll(async () => {
  box = scratch();
  source = makeRepo(box.dir, 'source');
  for (let at = 0; at < 300; at++) write(source, { [`data/${at % 7}/${at}`]: `${at} `.repeat(300) });
  write(source, { 'data/large': Buffer.alloc(12 << 20, 'large') });
  await add(openRepo(source), { targets: ['data'] });
  await push(openRepo(source));
  wanted = Object.fromEntries(
    Object.entries(tree(join(source, 'data'))).map(([path, text]) => [path, md5(text)]),
  );
});
afterAll(() => box.remove());

/** Starts a command, kills it after `delayMs` if one is given, and says how long it ran if it got to its end. */
function run(dir: string, args: string[], delayMs?: number): Promise<number | undefined> {
  const begun = performance.now();
  const child = spawn(process.execPath, [resolve(import.meta.dirname, 'cli.js'), ...args], {
    cwd: dir,
    stdio: 'ignore',
  });
  const timer = delayMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), delayMs);
  return new Promise((done) =>
    child.on('exit', (code) => {
      clearTimeout(timer);
      done(code === 0 ? performance.now() - begun : undefined);
    }),
  );
}

/** How many kills each command must survive; more by the environment, for those who have the time. */
const kills = Number(process.env.DVC_KILLS ?? 3);

/** Runs a command again and again, killed at random moments of the time it takes undisturbed; `check` looks after each. */
async function kill(dir: string, args: string[], undo: () => void, check: () => void): Promise<void> {
  const wholeMs = (await run(dir, args))!;
  undo();
  let done = 0;
  for (let tries = 0; done < kills && tries < 5 * kills; tries++) {
    if ((await run(dir, args, wholeMs * (0.2 + 0.75 * Math.random()))) === undefined) done += 1;
    else undo();
    check();
  }
  expect(done).toBe(kills);
}

/** Objects (by path from the cache or remote) whose bytes are not those of their name. */
const corrupt = (objects: Record<string, string>): string[] =>
  Object.entries(objects).flatMap(([path, text]) => {
    const match = /files\/md5\/(..)\/(.{30})(\.dir)?$/.exec(path);
    return match && md5(text) !== match[1]! + match[2]! ? [path] : [];
  });

describe('killed at any moment', () => {
  it('pull leaves workspace and cache consistent, and the next one finishes the job', async () => {
    const dir = makeRepo(box.dir, 'pulling');
    cpSync(join(source, 'data.dvc'), join(dir, 'data.dvc'));
    const undo = (): void => {
      for (const path of ['data', '.dvc/cache']) rmSync(join(dir, path), { recursive: true });
    };
    await kill(dir, ['pull'], undo, () => {
      const present = Object.entries(tree(join(dir, 'data')));
      expect(present.filter(([path, text]) => wanted[path] !== md5(text)).map(([path]) => path)).toEqual([]);
      expect(corrupt(tree(join(dir, '.dvc', 'cache')))).toEqual([]);
    });
    await pull(openRepo(dir));
    expect(await status(openRepo(dir))).toEqual({});
    expect(sums(join(dir, 'data'))).toEqual(wanted);
    expect(Object.keys(tree(join(dir, '.dvc/cache'))).filter((path) => path.includes('tmp'))).toEqual([]);
  });

  it('pull into a folder that is partly there leaves each file as it was or as it shall be', async () => {
    const dir = makeRepo(box.dir, 'filling');
    cpSync(join(source, 'data.dvc'), join(dir, 'data.dvc'));
    const before: Record<string, string> = { '0/0': 'old', large: 'old', '1/1': '1 '.repeat(300) };
    // Its bytes are kept: what was there may be replaced.
    write(dir, { old: 'old' });
    await add(openRepo(dir), { targets: ['old'] });
    cpSync(join(dir, '.dvc/cache'), join(dir, 'kept'), { recursive: true });
    const undo = (): void => {
      for (const path of ['data', '.dvc/cache']) rmSync(join(dir, path), { recursive: true, force: true });
      cpSync(join(dir, 'kept'), join(dir, '.dvc/cache'), { recursive: true });
      for (const [path, text] of Object.entries(before)) write(dir, { [`data/${path}`]: text });
    };
    undo();
    await kill(dir, ['pull', 'data.dvc'], undo, () => {
      const present = tree(join(dir, 'data'));
      for (const path of Object.keys(before)) expect(present).toHaveProperty([path]);
      const wrong = Object.entries(present).filter(
        ([path, text]) => wanted[path] !== md5(text) && before[path] !== text,
      );
      expect(wrong.map(([path]) => path)).toEqual([]);
      expect(corrupt(tree(join(dir, '.dvc', 'cache')))).toEqual([]);
    });
    await pull(openRepo(dir), { targets: ['data.dvc'] });
    expect(sums(join(dir, 'data'))).toEqual(wanted);
  });

  it('push leaves no directory object without all its members', async () => {
    const dir = makeRepo(box.dir, 'pushing', '../../far');
    cpSync(source, dir, { recursive: true, filter: (path) => !path.includes('config') });
    const object = (oid: string): string => join(box.dir, 'far/files/md5', oid.slice(0, 2), oid.slice(2));
    const [, oid] = /md5: (\S+\.dir)/.exec(readFileSync(join(dir, 'data.dvc'), 'utf8'))!;
    const undo = (): void => rmSync(join(box.dir, 'far'), { recursive: true });
    await kill(dir, ['push'], undo, () => {
      expect(corrupt(tree(join(box.dir, 'far')))).toEqual([]);
      if (existsSync(object(oid!)))
        for (const member of parseDirectory(readFileSync(object(oid!)), oid!))
          expect(existsSync(object(member.oid))).toBe(true);
    });
    await push(openRepo(dir));
    expect(existsSync(object(oid!))).toBe(true);
    expect(corrupt(tree(join(box.dir, 'far')))).toEqual([]);
  });

  it('add leaves data and pointer as they were or as they shall be', async () => {
    const dir = makeRepo(box.dir, 'adding');
    cpSync(join(source, 'data'), join(dir, 'data'), { recursive: true });
    const expected = readFileSync(join(source, 'data.dvc'), 'utf8');
    const undo = (): void => {
      for (const path of ['data.dvc', '.dvc/cache', '.dvc/tmp']) rmSync(join(dir, path), { recursive: true });
    };
    await kill(dir, ['add', 'data'], undo, () => {
      if (existsSync(join(dir, 'data.dvc')))
        expect(readFileSync(join(dir, 'data.dvc'), 'utf8')).toBe(expected);
      expect(corrupt(tree(join(dir, '.dvc', 'cache')))).toEqual([]);
      expect(sums(join(dir, 'data'))).toEqual(wanted);
    });
    await add(openRepo(dir), { targets: ['data'] });
    expect(readFileSync(join(dir, 'data.dvc'), 'utf8')).toBe(expected);
    expect(await status(openRepo(dir))).toEqual({});
  });
});
