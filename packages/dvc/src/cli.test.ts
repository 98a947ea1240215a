import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from './cli/run.ts';
import { hello, makeRepo, scratch, tree, write } from './test/sandbox.ts';

let box: ReturnType<typeof scratch>;
let dir: string;
beforeAll(() => {
  box = scratch();
});
afterAll(() => box.remove());

interface Ran {
  code: number | null;
  out: string;
  err: string;
}

/** Runs a command line in this process. */
async function dvc(...args: string[]): Promise<Ran> {
  const ran: Ran = { code: null, out: '', err: '' };
  const place = args.includes('--cd') ? [] : ['--cd', dir];
  const output = {
    out: (text: string) => {
      ran.out += text;
    },
    err: (text: string) => {
      ran.err += text;
    },
  };
  ran.code = await runCommand([...place, ...args], output);
  return ran;
}

/** Runs it as a user does. */
function program(...args: string[]): Promise<Ran> {
  const cli = resolve(import.meta.dirname, 'cli.js');
  const child = spawn(process.execPath, [cli, ...args], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
  const ran: Ran = { code: null, out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    ran.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    ran.err += chunk;
  });
  return new Promise((done) => child.on('close', (code) => done({ ...ran, code })));
}

describe('the command line', () => {
  beforeAll(() => {
    dir = makeRepo(box.dir);
  });

  it('adds, pushes and pulls in the words of DVC', async () => {
    write(dir, { 'a.txt': 'hello\n', 'd/x': 'x', 'd/y': 'y' });
    expect(await dvc('add', 'a.txt', 'd')).toEqual({ code: 0, out: '', err: '' });
    expect(await dvc('push')).toMatchObject({ code: 0, out: '4 files pushed\n' });
    expect(await dvc('push')).toMatchObject({ code: 0, out: 'Everything is up to date.\n' });
    for (const path of ['a.txt', 'd', '.dvc/cache']) rmSync(join(dir, path), { recursive: true });
    expect(await dvc('pull')).toEqual({
      code: 0,
      out: 'A\td/\nA\ta.txt\n4 files fetched and 3 files added\n',
      err: '',
    });
    expect(await dvc('status', '--json')).toMatchObject({ code: 0, out: '{}\n' });
    write(dir, { 'a.txt': 'mine', 'd/z': 'z' });
    expect(await dvc('status')).toMatchObject({
      code: 0,
      out: 'a.txt.dvc:\n\tchanged outs:\n\t\tmodified:           a.txt\nd.dvc:\n\tchanged outs:\n\t\tmodified:           d\n',
    });
    expect(await dvc('pull')).toEqual({
      code: 1,
      out: '',
      err: `ERROR: failed to pull data from the cloud - Can't remove the following unsaved files without confirmation. Use \`--force\` to force.\n${join(dir, 'a.txt')}\n${join(dir, 'd/z')}\n`,
    });
    expect(await dvc('pull', '-f')).toMatchObject({
      code: 0,
      out: 'M\td/\nM\ta.txt\n1 file modified and 1 file deleted\n',
    });
    expect(await dvc('pull', '--json', 'd')).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^\{"files":0,"sizeBytes":0,"added":0,.*"outs":\[\{"path":"d\/","oid":"[0-9a-f]{32}\.dir"\}\],"missing":\[\]\}\n$/,
      ),
    });
    expect(await dvc('status', '-c')).toMatchObject({ code: 0, out: "Cache and remote 'r' are in sync.\n" });
    rmSync(join(box.dir, 'remote/files/md5/b1'), { recursive: true });
    rmSync(join(dir, '.dvc/cache/files/md5/9d'), { recursive: true });
    expect(await dvc('status', '-c')).toMatchObject({
      code: 0,
      out: '\tnew:                a.txt\n\tdeleted:            d/x\n',
    });
  });

  it('reads --cd before or behind the verb, and says git add where there is Git', async () => {
    const other = makeRepo(box.dir, 'other');
    write(other, { '.git': undefined, '.dvc/config': '', "it's": 'x' });
    expect(await dvc('--cd', other, 'add', "it's")).toMatchObject({
      code: 0,
      out: `\nTo track the changes with git, run:\n\n\tgit add 'it'"'"'s.dvc' .gitignore\n`,
    });
    expect(await dvc('status', '-q', '--cd', other)).toMatchObject({ code: 0, out: '' });
    writeFileSync(join(other, "it's"), 'y');
    expect(await dvc('status', '-q', '--cd', other)).toMatchObject({ code: 1, out: '' });
  });

  it('sets remotes and options as DVC writes them', async () => {
    const fresh = makeRepo(box.dir, 'fresh');
    const config = (): string => readFileSync(join(fresh, '.dvc/config'), 'utf8');
    write(fresh, { '.dvc/config': '' });
    const run = (...args: string[]): Promise<Ran> => dvc('--cd', fresh, ...args);
    expect(await run('remote', 'add', '-d', 'S3', 's3://b/a,b')).toMatchObject({
      code: 0,
      out: "Setting 's3' as a default remote.\n",
    });
    expect(await run('remote', 'add', 'near', '../store')).toMatchObject({ code: 0 });
    expect(await run('remote', 'modify', 's3', 'region', 'eu-west-1')).toMatchObject({ code: 0 });
    expect(await run('config', 'cache.type', 'hardlink,copy')).toMatchObject({ code: 0 });
    expect(config()).toBe(
      '[core]\n    remote = s3\n[cache]\n    type = "hardlink,copy"\n' +
        `['remote "s3"']\n    url = "s3://b/a,b"\n    region = eu-west-1\n['remote "near"']\n    url = ../../store\n`,
    );
    expect(await run('remote', 'list')).toMatchObject({
      out: `s3\ts3://b/a,b\t(default)\nnear\t${join(box.dir, 'store')}\n`,
    });
    expect(await run('remote', 'modify', 's3', 'nope', '1')).toMatchObject({
      code: 251,
      err: expect.stringContaining('extra keys not allowed'),
    });
    expect(await run('remote', 'add', 's3', 'x')).toMatchObject({
      code: 251,
      err: expect.stringContaining('already exists'),
    });
    expect(await run('remote', 'rename', 's3', 'main')).toMatchObject({ code: 0 });
    expect(await run('remote', 'remove', 'near')).toMatchObject({ code: 0 });
    expect(await run('config', '-u', 'cache.type')).toMatchObject({ code: 0 });
    expect(await run('config', 'core.remote')).toMatchObject({ out: 'main\n' });
    expect(config()).toBe(
      `[core]\n    remote = main\n['remote "main"']\n    url = "s3://b/a,b"\n    region = eu-west-1\n`,
    );
    expect(await run('remote', 'modify', '--local', 'main', 'profile', 'p')).toMatchObject({ code: 0 });
    expect(readFileSync(join(fresh, '.dvc/config.local'), 'utf8')).toBe(
      `['remote "main"']\n    profile = p\n`,
    );
  });

  it.each([
    ['no repository', ['--cd', '/', 'pull'], 253, /you are not inside of a DVC repository/],
    ['an unknown verb', ['frobnicate'], 254, /invalid choice: 'frobnicate'/],
    ['an unknown option', ['pull', '--nope'], 254, /--nope/],
    ['jobs that are no number', ['pull', '-j', 'x'], 254, /invalid int value: 'x'/],
    ['add without a target', ['add'], 254, /required: targets/],
    ['an unknown remote', ['pull', '-r', 'x'], 1, /remote 'x' doesn't exist/],
    ['an unknown target', ['pull', 'x'], 1, /'x' does not exist as an output or a stage name/],
    ['a pattern without matches', ['pull', '--glob', '*.none'], 1, /Glob \['\*\.none'\] has no matches/],
    [
      'the run cache',
      ['pull', '--run-cache'],
      1,
      /--run-cache is not supported\n.*push and pull it with DVC/,
    ],
    ['all branches', ['fetch', '--all-branches'], 1, /check each branch out/],
    ['all tags', ['fetch', '-T'], 1, /--all-tags is not supported\n.*check each tag out/],
    ['all commits', ['push', '-A'], 1, /--all-commits is not supported\n.*check each commit out/],
    ['dependencies', ['pull', '--with-deps'], 1, /--with-deps is not supported\n.*name the stages' outs/],
    ['a failed checkout', ['checkout', 'x'], 255, /Did you mean `git checkout x`\? - 'x' does not exist/],
    ['the status of nothing', ['status', 'x'], 1, /'x' does not exist as an output/],
    [
      'a remote for what stays here',
      ['add', '-r', 'r', 'x'],
      1,
      /--remote can't be used without --to-remote/,
    ],
    ['no commit of what is sent away', ['add', '--no-commit', '--to-remote', 'x'], 1, /--no-commit option/],
    ['a part of an option', ['pull', '--rem=x'], 1, /remote 'x' doesn't exist/],
    [
      'too small a part',
      ['pull', '--re'],
      254,
      /ambiguous option: --re could match --recursive, --remote, --relink/,
    ],
    ['a target like an option', ['pull', '--', '--rem'], 1, /'--rem' does not exist/],
    ['a size', ['fetch', '--max-size', '5'], 1, /--max-size is not supported/],
    ['a type', ['fetch', '--type', 'metrics'], 1, /--type is not supported/],
    ['a setting of no section', ['config', 'remote'], 254, /should look like/],
    ['no default remote', ['remote', 'default', '--local'], 1, /^$/],
  ])('ends with the code DVC has for %s', async (_, args, code, message) => {
    const ran = await dvc(...args);
    expect(ran.err).toMatch(message);
    expect(ran.code).toBe(code);
  });

  it('is a program: works from where it is started and ends with the same codes', async () => {
    expect(await program('status')).toMatchObject({ code: 0, out: expect.stringContaining('d.dvc:') });
    expect(await program('pull', '-r', 'x')).toMatchObject({
      code: 1,
      err: expect.stringContaining("remote 'x' doesn't exist"),
    });
  });

  it('says how to name a remote where there is none: 255 for a status, 1 for a push', async () => {
    dir = makeRepo(box.dir, 'without');
    write(dir, { '.dvc/config': '[core]\n    no_scm = true\n', a: 'hello\n' });
    await dvc('add', 'a');
    expect(await dvc('push')).toMatchObject({ code: 1, err: expect.stringContaining('dvc remote add -d') });
    await dvc('remote', 'add', 'r', '../store');
    expect(await dvc('status', '-c')).toMatchObject({
      code: 255,
      err: expect.stringContaining('or use:\n    dvc status -r <remote name>'),
    });
    expect(await dvc('status', '-q', '-r', 'r')).toMatchObject({ code: 1, out: '' });
  });

  it('ends with 251 for a broken config, and touches nothing', async () => {
    dir = makeRepo(box.dir, 'broken');
    write(dir, {
      '.dvc/config': '[core]\nnope = 1\n',
      'a.txt.dvc': `outs:\n- md5: ${hello}\n  hash: md5\n  path: a.txt\n`,
    });
    const before = tree(dir);
    expect(await dvc('pull')).toMatchObject({
      code: 251,
      err: expect.stringContaining("extra keys not allowed @ data['core']['nope']"),
    });
    expect(tree(dir)).toEqual(before);
    expect(await dvc('config', '-u', 'core.nope')).toMatchObject({ code: 0, err: '' });
    expect(await dvc('status')).toMatchObject({ code: 0 });
  });
});
