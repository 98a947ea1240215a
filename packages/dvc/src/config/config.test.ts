import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { useScratch, write } from '../test/sandbox.ts';
import { findRemote, loadConfig } from './config.ts';
import { parseIni } from './ini.ts';
import { levelFiles } from './levels.ts';

const box = useScratch();

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
    [
      'a boolean that is none',
      '[\'remote "a"\']\nurl = s3://b\nverify = yes\n',
      /expected true or false for dictionary value @ data\['remote'\]\['a'\]\['verify'\]/,
    ],
    [
      'a url with an unquoted comma',
      '[\'remote "a"\']\nurl = s3://b/a,b\n',
      /expected str for dictionary value @ data\['remote'\]\['a'\]\['url'\]/,
    ],
    [
      'an unknown cache type',
      '[cache]\ntype = hardlink,magic\n',
      /Unsupported cache type\(s\): magic for dictionary value/,
    ],
    ['no jobs', '[core]\nchecksum_jobs = 0\n', /value must be at least 1 for dictionary value/],
    ['jobs in words', '[\'remote "a"\']\nurl = /x\njobs = many\n', /expected int for dictionary value/],
    ['a remote without url', '[\'remote "a"\']\njobs = 1\n', /expected 'url'/],
    ['a remote of no known kind', '[\'remote "a"\']\nurl = foo://b/c\n', /Unsupported URL type foo:\/\//],
    ['a key in a section that has others', '[index]\nsize = 1\n', /\['index'\]\['size'\]/],
    ['a style nobody knows', '[parsing]\nbool = maybe\n', /expected one of store_true, boolean_optional/],
    [
      'a section twice',
      '[core]\nanalytics = false\n["core"]\nautostage = true\n',
      /:3: Duplicate section name/,
    ],
    ['a key twice', '[core]\nremote = a\nremote = b\n', /:3: Duplicate keyword name/],
    ['a line that is neither', 'hello\n', /config:1:/],
    ['a key before any section', 'a = 1\n', /outside a section/],
  ])('are refused with %s', (_, repo, message) => {
    expect(() => load({ repo })).toThrow(ConfigError);
    expect(() => load({ repo })).toThrow(message);
    expect(() => load({ repo })).toThrow(expect.objectContaining({ exitCode: 251 }));
  });

  it('are checked together: a key of config.local belongs to the url that another file has', () => {
    const repo = '[\'remote "a"\']\nurl = s3://b\n[\'remote "h"\']\nurl = https://h/x\nauth = basic\n';
    expect(
      load({ repo, local: '[\'remote "a"\']\nsecret_access_key = k\n' }).remotes.get('a')?.options,
    ).toEqual({
      secret_access_key: 'k',
    });
    const misspelt = { repo, local: '[\'remote "a"\']\nsecret_acess_key = k\n' };
    expect(() => load(misspelt)).toThrow(
      /extra keys not allowed @ data\['remote'\]\['a'\]\['secret_acess_key'\]/,
    );
    expect(() => load(misspelt)).toThrow(
      expect.objectContaining({ file: join(box.dir, '.dvc/config.local') }),
    );
  });

  it('may say in any case what is one of few words', () => {
    const config = load({
      repo: '[cache]\nshared = Group\ntype = hardlink, copy\n[core]\nno_scm = TRUE\n[parsing]\nlist = APPEND\n',
    });
    expect(config).toMatchObject({
      cacheShared: true,
      cacheTypes: ['hardlink', 'copy'],
      parsing: { list: 'append' },
    });
  });

  it.skipIf(process.platform !== 'linux')(
    'are where the desktop standard puts them, an empty variable being none',
    () => {
      const files = (env: Record<string, string>) => levelFiles('/r/.dvc', env).slice(0, 2);
      expect(files({})).toEqual(['/etc/xdg/dvc/config', join(homedir(), '.config/dvc/config')]);
      expect(files({ XDG_CONFIG_DIRS: '/a:/b', XDG_CONFIG_HOME: '/h' })).toEqual([
        '/a/dvc/config',
        '/h/dvc/config',
      ]);
      expect(files({ XDG_CONFIG_DIRS: '', XDG_CONFIG_HOME: '' })).toEqual(files({}));
    },
  );

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
    ['[s]\nbase = x\nk = %(base)s/a, %(base)s/b', ['x/a', 'x/b']],
    ['\ufeff[s] # c\r\n  k  =  a  # c\r\n', 'a'],
    ['[S]\nK = a\n[s]\nk = b', 'b'],
    ['[s]\nk =', ''],
    ['[s]\nk = a=b', 'a=b'],
  ])('%j', (text, value) => {
    expect(parseIni(text, 'f').s?.k).toEqual(value);
  });
});
