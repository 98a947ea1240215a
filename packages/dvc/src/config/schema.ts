import { ConfigError } from '../errors.ts';

const sections: Record<string, string[] | null> = {
  core: [
    'remote',
    'checksum_jobs',
    'interactive',
    'analytics',
    'hardlink_lock',
    'no_scm',
    'autostage',
    'experiments',
    'check_update',
    'site_cache_dir',
    'machine',
  ],
  cache: [
    'local',
    's3',
    'gs',
    'hdfs',
    'webhdfs',
    'ssh',
    'azure',
    'dir',
    'type',
    'shared',
    'slow_link_warning',
    'verify',
    'protected',
  ],
  state: null,
  index: null,
  machine: null,
  db: null,
  plots: null,
  hydra: null,
  exp: null,
  parsing: null,
  feature: null,
  studio: null,
};

const anyRemote = [
  'url',
  'jobs',
  'checksum_jobs',
  'type',
  'verify',
  'worktree',
  'version_aware',
  'no_traverse',
  'verify',
];
const local = [...anyRemote, 'shared', 'slow_link_warning'];
const s3 = [
  ...anyRemote,
  'region',
  'profile',
  'credentialpath',
  'configpath',
  'endpointurl',
  'access_key_id',
  'secret_access_key',
  'session_token',
  'listobjects',
  'use_ssl',
  'ssl_verify',
  'allow_anonymous_login',
  'sse',
  'sse_kms_key_id',
  'sse_customer_algorithm',
  'sse_customer_key',
  'acl',
  'grant_read',
  'grant_read_acp',
  'grant_write_acp',
  'grant_full_control',
  'cache_regions',
  'read_timeout',
  'connect_timeout',
];
const booleans = [
  'verify',
  'worktree',
  'version_aware',
  'no_traverse',
  'listobjects',
  'use_ssl',
  'allow_anonymous_login',
  'slow_link_warning',
  'no_scm',
  'autostage',
  'analytics',
  'interactive',
  'hardlink_lock',
  'check_update',
  'protected',
  'cache_regions',
];
const counts = ['jobs', 'checksum_jobs', 'read_timeout', 'connect_timeout'];
const linkTypes = ['reflink', 'hardlink', 'symlink', 'copy'];

type Keys = Record<string, string | string[]>;

/** Throws ConfigError, worded as DVC words it, where `[section]` has a key or value DVC would refuse. */
export function checkSection(section: string, keys: Keys, file: string): void {
  if (!Object.hasOwn(sections, section.replace(/^(machine|db)\s*".*"$/, '$1')))
    fail(`extra keys not allowed @ data['${section}']`, file);
  checkKeys(sections[section] ?? null, keys, `['${section}']`, file);
  if (section !== 'cache') return;
  const types = typeof keys.type === 'string' ? keys.type.split(',') : (keys.type ?? []);
  for (const type of types)
    if (!linkTypes.includes(type.trim()))
      fail(`unsupported cache type '${type}' @ data['cache']['type']`, file);
  if (keys.shared !== undefined && keys.shared !== 'group')
    fail(`expected 'group' @ data['cache']['shared']`, file);
}

/** The same for `[remote "name"]`. Remotes of kinds we never open may hold whatever their kind knows. */
export function checkRemote(name: string, keys: Keys, file: string): void {
  const at = `['remote']['${name}']`;
  const { url } = keys;
  if (Array.isArray(url))
    fail(`expected str @ data${at}['url'] (a url with a comma must stand in quotes)`, file);
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(url ?? '')?.[1]?.toLowerCase();
  if (scheme === undefined) checkKeys(url === undefined ? null : local, keys, at, file);
  else if (scheme === 's3') checkKeys(s3, keys, at, file);
}

function checkKeys(known: string[] | null, keys: Keys, at: string, file: string): void {
  for (const [key, text] of Object.entries(keys)) {
    if (known && !known.includes(key)) fail(`extra keys not allowed @ data${at}['${key}']`, file);
    if (booleans.includes(key) && !/^(true|false)$/i.test(String(text)))
      fail(`expected bool for dictionary value @ data${at}['${key}']`, file);
    if (counts.includes(key) && !/^\d+$/.test(String(text)))
      fail(`expected int for dictionary value @ data${at}['${key}']`, file);
  }
}

function fail(why: string, file: string): never {
  throw new ConfigError(`configuration error - config file error: ${why}`, { file, hint: `see ${file}` });
}
