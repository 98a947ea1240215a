import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { scratch, write } from '../test/sandbox.ts';
import { findRemote, loadConfig } from './config.ts';
import { parseIni } from './ini.ts';

let box: ReturnType<typeof scratch>;
beforeEach(() => {
  box = scratch();
});
afterEach(() => box.remove());

/** Loads what the four files say together. */
function load(files: { system?: string; global?: string; repo?: string; local?: string }) {
  const { system = '', global = '', repo = '', local = '' } = files;
  write(box.dir, {
    'sys/config': system,
    'glob/config': global,
    '.dvc/config': repo,
    '.dvc/config.local': local,
  });
  return loadConfig(join(box.dir, '.dvc'), {
    DVC_SYSTEM_CONFIG_DIR: join(box.dir, 'sys'),
    DVC_GLOBAL_CONFIG_DIR: join(box.dir, 'glob'),
  });
}

describe('config files', () => {
  it('are merged key by key, later ones winning: system, global, repository, local', () => {
    const config = load({
      system: '[core]\nremote = a\n[\'remote "x"\']\nurl = s3://sys/x\nregion = one\n',
      global: '[\'remote "x"\']\nregion = two\nprofile = p\n',
      repo: '[\'remote "x"\']\nurl = s3://repo/x\n',
      local: '[core]\n  remote = X\n',
    });
    expect(config.defaultRemote).toBe('x');
    expect(findRemote(config, 'x')).toEqual({
      name: 'x',
      url: 's3://repo/x',
      options: { region: 'two', profile: 'p' },
    });
  });

  it('are read without regard to case, quotes around sections, and comments', () => {
    const config = load({
      repo: '[CORE]\nRemote = "My"   # mine\n[remote "MY"]\n    URL = "s3://b/a,b"  # quoted comma\n',
    });
    expect(config.defaultRemote).toBe('my');
    expect(findRemote(config, 'My').url).toBe('s3://b/a,b');
  });

  it('see relative urls from their own folder', () => {
    const config = load({
      global: '[\'remote "g"\']\nurl = store\n',
      repo: '[\'remote "r"\']\nurl = ../../r\n[\'remote "h"\']\nurl = ~/h\n[cache]\ndir = ../big\n',
    });
    expect(findRemote(config, 'g').url).toBe(join(box.dir, 'glob', 'store'));
    expect(findRemote(config, 'r').url).toBe(join(box.dir, '..', 'r'));
    expect(findRemote(config, 'h').url).toBe(join(homedir(), 'h'));
    expect(config.cacheDir).toBe(join(box.dir, 'big'));
  });

  it('follow remote:// to its base, options of the outer one winning', () => {
    const config = load({
      repo: '[\'remote "base"\']\nurl = s3://b/root/\nregion = one\nprofile = p\n[\'remote "sub"\']\nurl = remote://base/a/b\nregion = two\n[\'remote "deep"\']\nurl = remote://sub/c\n',
    });
    expect(findRemote(config, 'deep')).toEqual({
      name: 'deep',
      url: 's3://b/root/a/b/c',
      options: { region: 'two', profile: 'p' },
    });
  });

  it.each([
    ['an unknown section', '[nope]\na = 1\n', /extra keys not allowed @ data\['nope'\]/],
    [
      'an unknown key',
      '[\'remote "a"\']\nurl = s3://b\nx = 1\n',
      /extra keys not allowed @ data\['remote'\]\['a'\]\['x'\]/,
    ],
    ['an S3 key on a folder', '[\'remote "a"\']\nurl = /x\nregion = y\n', /\['region'\]/],
    ['a boolean that is none', '[\'remote "a"\']\nurl = s3://b\nverify = yes\n', /expected bool/],
    ['a url with an unquoted comma', '[\'remote "a"\']\nurl = s3://b/a,b\n', /must stand in quotes/],
    ['an unknown cache type', '[cache]\ntype = hardlink,magic\n', /magic/],
    ['a line that is neither', 'hello\n', /config:1:/],
    ['a key before any section', 'a = 1\n', /outside a section/],
  ])('are refused with %s', (_, repo, message) => {
    expect(() => load({ repo })).toThrow(ConfigError);
    expect(() => load({ repo })).toThrow(message);
    expect(() => load({ repo })).toThrow(expect.objectContaining({ exitCode: 251 }));
  });

  it('name the remotes there are when one is not', () => {
    const config = load({ repo: '[\'remote "a"\']\nurl = x\n[\'remote "loop"\']\nurl = remote://loop/x\n' });
    expect(() => findRemote(config, 'b')).toThrow("remote 'b' doesn't exist");
    expect(() => findRemote(config, 'loop')).toThrow(/refer to each other/);
  });

  it('that are folders are an error, absent ones are not', () => {
    mkdirSync(join(box.dir, '.dvc/config'), { recursive: true });
    const env = { DVC_SYSTEM_CONFIG_DIR: box.dir, DVC_GLOBAL_CONFIG_DIR: box.dir };
    expect(() => loadConfig(join(box.dir, '.dvc'), env)).toThrow(/cannot read/);
    expect(loadConfig(box.dir, env).remotes.size).toBe(0);
  });
});

describe('ConfigObj syntax', () => {
  it.each([
    ['[s]\nk = a, b', ['a', 'b']],
    ['[s]\nk = a,', ['a']],
    ['[s]\nk = "a, b", c', ['a, b', 'c']],
    ["[s]\nk = 'a # b' # c", 'a # b'],
    ['[s]\nk = """one\ntwo"""', 'one\ntwo'],
    ['[s]\nbase = x\nk = %(base)s/y', 'x/y'],
    ['[s]\nk =', ''],
    ['[s]\nk = a=b', 'a=b'],
  ])('%j', (text, value) => {
    expect(parseIni(text, 'f').s?.k).toEqual(value);
  });
});
