import { ConfigError } from '../errors.ts';

type Value = string | string[];
type Keys = Record<string, Value>;
/** Says what is wrong with a value, as voluptuous words it for DVC; undefined if nothing is. */
type Check = (value: Value) => string | undefined;

const text: Check = (value) => (Array.isArray(value) ? 'expected str' : undefined);
const bool: Check = (value) =>
  /^(true|false)$/i.test(String(value)) && !Array.isArray(value) ? undefined : 'expected true or false';
const int: Check = (value) =>
  /^\s*[-+]?\d+(_\d+)*\s*$/.test(String(value)) && !Array.isArray(value) ? undefined : 'expected int';
const count: Check = (value) =>
  int(value) ?? (Number(String(value).replaceAll('_', '')) < 1 ? 'value must be at least 1' : undefined);
const any: Check = () => undefined;
const oneOf =
  (...known: string[]): Check =>
  (value) =>
    known.includes(String(value).toLowerCase()) ? undefined : `expected one of ${known.join(', ')}`;
const linkTypes: Check = (value) => {
  const types = Array.isArray(value) ? value : value.split(',').map((type) => type.trim());
  const unknown = types.filter((type) => !['reflink', 'hardlink', 'symlink', 'copy'].includes(type));
  return unknown.length > 0 ? `Unsupported cache type(s): ${[...new Set(unknown)].join(', ')}` : undefined;
};

const all = (check: Check, ...names: string[]): Record<string, Check> =>
  Object.fromEntries(names.map((name) => [name, check]));

const links = {
  type: linkTypes,
  shared: oneOf('group'),
  ...all(bool, 'protected', 'slow_link_warning', 'verify'),
};
const remote = {
  ...all(text, 'url'),
  ...all(count, 'jobs', 'checksum_jobs'),
  ...all(bool, 'worktree', 'no_traverse', 'version_aware'),
};
const s3 = {
  ...remote,
  ...all(text, 'region', 'profile', 'credentialpath', 'configpath', 'endpointurl'),
  ...all(text, 'access_key_id', 'secret_access_key', 'session_token', 'ssl_verify'),
  ...all(text, 'sse', 'sse_kms_key_id', 'sse_customer_algorithm', 'sse_customer_key'),
  ...all(text, 'acl', 'grant_read', 'grant_read_acp', 'grant_write_acp', 'grant_full_control'),
  ...all(bool, 'listobjects', 'use_ssl', 'allow_anonymous_login', 'verify', 'cache_regions'),
  ...all(int, 'read_timeout', 'connect_timeout'),
};
/** The kinds of remote DVC knows; those we never open may hold whatever their kind does. */
const remotes: Record<string, Record<string, Check> | undefined> = {
  '': { ...links, ...remote },
  s3,
  ...Object.fromEntries(
    [
      'gs',
      'ssh',
      'hdfs',
      'webhdfs',
      'azure',
      'oss',
      'gdrive',
      'http',
      'https',
      'webdav',
      'webdavs',
      'remote',
    ].map((scheme) => [scheme, undefined]),
  ),
};

const sections: Record<string, Record<string, Check> | undefined> = {
  core: {
    ...all(text, 'remote', 'site_cache_dir', 'machine'),
    ...all(count, 'checksum_jobs'),
    ...all(
      bool,
      'interactive',
      'analytics',
      'hardlink_lock',
      'no_scm',
      'autostage',
      'experiments',
      'check_update',
    ),
  },
  cache: { ...links, ...all(text, 'dir', 'local', 's3', 'gs', 'hdfs', 'webhdfs', 'ssh', 'azure') },
  state: { ...all(text, 'dir'), ...all(int, 'row_limit', 'row_cleanup_quota') },
  index: all(text, 'dir'),
  // Only what is known of it is checked, and used.
  feature: undefined,
  plots: { ...all(text, 'html_template', 'out_dir'), ...all(bool, 'auto_open') },
  exp: {
    ...all(text, 'code', 'data', 'models', 'metrics', 'params', 'plots', 'live', 'git_remote'),
    ...all(bool, 'auto_push'),
  },
  parsing: { bool: oneOf('store_true', 'boolean_optional'), list: oneOf('nargs', 'append') },
  hydra: {
    ...all(text, 'config_dir', 'config_module', 'config_name', 'plugins_path'),
    ...all(bool, 'enabled'),
  },
  studio: { ...all(text, 'token', 'url', 'repo_url'), ...all(bool, 'offline') },
};
const named: Record<string, Record<string, Check>> = {
  db: all(text, 'url', 'username', 'password'),
  machine: {
    ...all(text, 'image', 'instance_type', 'instance_gpu', 'ssh_private', 'startup_script', 'setup_script'),
    ...all(any, 'cloud', 'region', 'spot', 'spot_price', 'instance_hdd_size'),
  },
};

/** The kind and name in `remote "name"` and its like. */
export const nameOf = (section: string): { kind: string; name: string } | undefined => {
  const [, kind, name] = /^\s*(remote|machine|db)\s*"(.*)"\s*$/.exec(section) ?? [];
  return kind === undefined ? undefined : { kind, name: name! };
};

/** Throws ConfigError, worded as DVC words it, where what all files say together is nothing DVC knows. */
export function checkSections(merged: Record<string, Keys>, fileOf: (section: string) => string): void {
  for (const [section, keys] of Object.entries(merged)) {
    const own = nameOf(section);
    const at = own ? `['${own.kind}']['${own.name}']` : `['${section}']`;
    const file = fileOf(section);
    if (own?.kind === 'remote') checkKeys(remoteKeys(keys, at, file), keys, at, file);
    else if (own) checkKeys(named[own.kind]!, keys, at, file);
    else if (Object.hasOwn(sections, section)) checkKeys(sections[section], keys, at, file);
    else fail('extra keys not allowed', at, file);
  }
}

function remoteKeys({ url }: Keys, at: string, file: string): Record<string, Check> | undefined {
  if (url === undefined) fail("expected 'url' for dictionary value", at, file);
  if (Array.isArray(url))
    return fail(
      'expected str for dictionary value',
      `${at}['url']`,
      file,
      'a url with a comma must stand in quotes',
    );
  const scheme = /^([a-z][a-z0-9+.-]*):\/\/[^/]/i.exec(url)?.[1]?.toLowerCase() ?? '';
  if (!Object.hasOwn(remotes, scheme))
    fail(`Unsupported URL type ${scheme}:// for dictionary value`, at, file);
  return remotes[scheme];
}

function checkKeys(known: Record<string, Check> | undefined, keys: Keys, at: string, file: string): void {
  if (!known) return;
  for (const [key, value] of Object.entries(keys)) {
    const where = `${at}['${key}']`;
    if (!Object.hasOwn(known, key)) fail('extra keys not allowed', where, file);
    const wrong = known[key]!(value);
    if (wrong) fail(`${wrong} for dictionary value`, where, file);
  }
}

function fail(why: string, at: string, file: string, hint = `see ${file}`): never {
  throw new ConfigError(`configuration error - config file error: ${why} @ data${at}`, { file, hint });
}
