import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import { ConfigError, DvcError } from '../errors.ts';

/** The files that make up the configuration, weakest first. */
export const levels = ['system', 'global', 'project', 'local'] as const;
export type Level = (typeof levels)[number];

/** Where a level's file is; outside of a repository (`dvcDir` undefined) there are two of them. */
export function levelFile(
  level: Level,
  dvcDir: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): string {
  if (level === 'project' || level === 'local') {
    if (!dvcDir) throw new ConfigError('configuration error - config file error: Not inside a DVC repo');
    return join(dvcDir, level === 'local' ? 'config.local' : 'config');
  }
  const folder = level === 'system' ? systemFolder(env) : globalFolder(env);
  if (!folder) throw new DvcError(`there is no ${level} configuration on this machine`);
  return join(folder, 'config');
}

/** Every level's file, weakest first, leaving out those this machine has no place for. */
export function levelFiles(dvcDir: string | undefined, env: NodeJS.ProcessEnv): string[] {
  return [systemFolder(env), globalFolder(env), dvcDir]
    .flatMap((folder) => (folder ? [join(folder, 'config')] : []))
    .concat(dvcDir ? join(dvcDir, 'config.local') : []);
}

function systemFolder(env: NodeJS.ProcessEnv): string | undefined {
  if (env.DVC_SYSTEM_CONFIG_DIR) return env.DVC_SYSTEM_CONFIG_DIR;
  if (platform() === 'darwin') return '/Library/Application Support/dvc';
  if (platform() === 'win32') return env.PROGRAMDATA && join(env.PROGRAMDATA, 'iterative', 'dvc');
  return join(env.XDG_CONFIG_DIRS?.split(':')[0]?.trim() || '/etc/xdg', 'dvc');
}

function globalFolder(env: NodeJS.ProcessEnv): string | undefined {
  if (env.DVC_GLOBAL_CONFIG_DIR) return env.DVC_GLOBAL_CONFIG_DIR;
  if (platform() === 'darwin') return join(homedir(), 'Library', 'Application Support', 'dvc');
  if (platform() === 'win32') return env.LOCALAPPDATA && join(env.LOCALAPPDATA, 'iterative', 'dvc');
  return join(env.XDG_CONFIG_HOME?.trim() || join(homedir(), '.config'), 'dvc');
}
