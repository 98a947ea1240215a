import { chmodSync, lstatSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { BadArguments, ConfigError } from '../errors.ts';
import { useScratch, write } from '../test/sandbox.ts';
import { parseCommand } from './options.ts';
import { settingsCommand } from './settings.ts';

let dvcDir: string;
const box = useScratch((folder) => {
  dvcDir = join(folder, '.dvc');
  write(folder, { '.dvc/config': '', 'sub/x': '' });
});

const text = (name = 'config'): string => readFileSync(join(dvcDir, name), 'utf8');

/** Runs one `config` or `remote` command line, seen from `sub/`. */
function run(...args: string[]): string[] {
  return settingsCommand({ cwd: join(box.dir, 'sub'), dvcDir }, parseCommand(args)).lines;
}

// The oracle is Config.edit and commands/{config,remote}.py of DVC 3.64.
describe('config', () => {
  it('writes paths as seen from the config file, given as seen from the working directory', () => {
    run('config', 'cache.dir', '../big');
    run('remote', 'add', 'r', 'here');
    run('remote', 'modify', 'r', 'url', '../there');
    run('remote', 'add', 's', 's3://b/x');
    run('remote', 'modify', 's', 'credentialpath', 'creds');
    run('remote', 'add', 'h', '~/home');
    expect(text()).toBe(
      '[cache]\n    dir = ../big\n[\'remote "r"\']\n    url = ../there\n' +
        '[\'remote "s"\']\n    url = s3://b/x\n    credentialpath = ../sub/creds\n[\'remote "h"\']\n    url = ~/home\n',
    );
  });

  it('brings paths that stand there into their shortest form, and keeps the rest', () => {
    write(dvcDir, { config: '# c\n[cache]\ndir = ./a/../b/\n[core]\nautostage = true  # c\n' });
    run('config', 'core.analytics', 'false');
    expect(text()).toBe('[cache]\n    dir = b\n[core]\n    autostage = true\n    analytics = false\n');
  });

  it('prints what is set, the strongest file winning, paths as they are used; nothing for what is not', () => {
    write(dvcDir, {
      config:
        '[core]\nremote = a\n[cache]\ntype = reflink, copy\ndir = ../big\n[\'remote "a"\']\nurl = ../r\n',
      'config.local': '[core]\nremote = b\n',
    });
    expect(run('config', 'core.remote')).toEqual(['b']);
    expect(run('config', 'core.remote', '--project')).toEqual(['a']);
    expect(run('config', 'cache.dir')).toEqual([join(box.dir, 'big')]);
    expect(run('config', 'core.nothing')).toEqual([]);
    expect(run('config', 'remote.a.url', '--show-origin')).toEqual([`.dvc/config\t${join(box.dir, 'r')}`]);
    expect(run('config', '-l', '--project')).toEqual([
      `remote.a.url=${join(box.dir, 'r')}`,
      'core.remote=a',
      "cache.type=['reflink', 'copy']",
      `cache.dir=${join(box.dir, 'big')}`,
    ]);
    expect(run('config', '--list', '--show-origin', '--local')).toEqual(['.dvc/config.local\tcore.remote=b']);
  });

  it.each([
    [['config', 'remote'], BadArguments, /should look like remote\.name\.option/],
    [['config', '-l', 'core.remote'], BadArguments, /can't be used together/],
    [['config', '--show-origin', 'core.remote', 'x'], BadArguments, /can't be used together/],
    [['config', '--local', 'core.remote'], ConfigError, /section 'core' doesn't exist/],
    [['config', '--project', 'core.remote'], ConfigError, /option 'remote' doesn't exist in section 'core'/],
    [['config', '-u', 'remote.x.url'], ConfigError, /remote 'x' doesn't exist/],
    [['config', 'core.analytics', 'yes'], ConfigError, /expected true or false/],
    [['config', 'nope.a', '1'], ConfigError, /extra keys not allowed @ data\['nope'\]/],
    [['remote', 'default', 'x'], ConfigError, /default remote must be present in remote list/],
    [['remote', 'modify', 'x', 'url', 'y'], ConfigError, /remote 'x' doesn't exist/],
    [['remote', 'modify', 'r', 'region', 'y'], ConfigError, /\['remote'\]\['r'\]\['region'\]/],
    [['remote', 'modify', '-u', 'r', 'url'], ConfigError, /expected 'url'/],
    [['remote', 'rename', 'r', 's'], ConfigError, /Rename failed\. Remote name 's' already exists/],
  ])('%j is refused, and changes nothing', (args, kind, message) => {
    const before =
      '[core]\n    autostage = true\n[\'remote "r"\']\n    url = ../r\n[\'remote "s"\']\n    url = ../s\n';
    write(dvcDir, { config: before });
    expect(() => run(...args)).toThrow(kind);
    expect(() => run(...args)).toThrow(message);
    expect(text()).toBe(before);
  });

  it.skipIf(process.platform === 'win32')('leaves a file as private as it was, and a link a link', () => {
    write(box.dir, { 'dotfiles/dvc': '' });
    chmodSync(join(box.dir, 'dotfiles/dvc'), 0o600);
    symlinkSync('../dotfiles/dvc', join(dvcDir, 'config.local'));
    run('config', '--local', 'core.analytics', 'false');
    expect(lstatSync(join(dvcDir, 'config.local')).isSymbolicLink()).toBe(true);
    expect(statSync(join(dvcDir, 'config.local')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(box.dir, 'dotfiles/dvc'), 'utf8')).toBe('[core]\n    analytics = false\n');
  });

  it('puts right what is wrong', () => {
    write(dvcDir, { config: '[core]\nnope = 1\n' });
    expect(run('config', 'core.nope')).toEqual(['1']);
    run('config', '-u', 'core.nope');
    expect(text()).toBe('');
  });

  it('quotes as ConfigObj does', () => {
    for (const [key, value] of Object.entries({
      token: `it's "x"`,
      url: 'a, b',
      repo_url: ' s # "',
    }))
      run('config', `studio.${key}`, value);
    expect(text()).toBe(`[studio]\n    token = """it's "x""""\n    url = "a, b"\n    repo_url = ' s # "'\n`);
  });
});

describe('remote', () => {
  beforeEach(() => {
    write(dvcDir, {
      config: '[\'remote "a"\']\n    url = ../a\n[core]\n    autostage = true\n    remote = a\n',
      'config.local': '[core]\n    remote = a\n[\'remote "l"\']\n    url = /l\n',
    });
  });

  it('names the default where it stood, and takes it away', () => {
    run('remote', 'default', '--project', 'A');
    expect(text()).toBe('[core]\n    autostage = true\n    remote = a\n[\'remote "a"\']\n    url = ../a\n');
    run('remote', 'default', '-u');
    expect(text()).toBe('[core]\n    autostage = true\n[\'remote "a"\']\n    url = ../a\n');
    expect(run('remote', 'default')).toEqual(['a']);
    const asked = parseCommand(['remote', 'default', '--project']);
    expect(settingsCommand({ cwd: box.dir, dvcDir }, asked)).toEqual({
      lines: ['No default remote set'],
      code: 1,
    });
  });

  it('is known outside of a repository too, by the files that are there', () => {
    vi.stubEnv('DVC_GLOBAL_CONFIG_DIR', join(box.dir, 'global'));
    vi.stubEnv('DVC_SYSTEM_CONFIG_DIR', join(box.dir, 'system'));
    const outside = (...args: string[]): string[] =>
      settingsCommand({ cwd: box.dir, dvcDir: undefined }, parseCommand(args)).lines;
    outside('remote', 'add', '--global', '-d', 'g', 's3://b/g');
    expect(outside('remote', 'list')).toEqual(['g\ts3://b/g\t(default)']);
    expect(outside('config', 'core.remote')).toEqual(['g']);
    expect(() => outside('remote', 'add', 'r', 's3://b/r')).toThrow(/Not inside a DVC repo/);
    vi.unstubAllEnvs();
  });

  it('lists all, or those of one file', () => {
    expect(run('remote', 'list')).toEqual([`a\t${join(box.dir, 'a')}\t(default)`, 'l\t/l']);
    expect(run('remote', 'list', '--local')).toEqual(['l\t/l']);
  });

  it('is renamed and removed in stronger files as well, where it is the default', () => {
    run('remote', 'rename', 'a', 'b');
    expect(text('config.local')).toContain('remote = b');
    run('remote', 'remove', 'b');
    expect(text()).toBe('[core]\n    autostage = true\n');
    expect(text('config.local')).toBe('[\'remote "l"\']\n    url = /l\n');
  });
});
