import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import { DvcError } from '../errors.ts';

/** The files that make up the configuration, weakest first. */
export type Level = 'system' | 'global' | 'project' | 'local';

/** Where a level's file is. */
export function levelFile(level: Level, dvcDir: string, env: NodeJS.ProcessEnv = process.env): string {
  if (level === 'project') return join(dvcDir, 'config');
  if (level === 'local') return join(dvcDir, 'config.local');
  const folder = level === 'system' ? systemFolder(env) : globalFolder(env);
  if (!folder) throw new DvcError(`there is no ${level} configuration on this machine`);
  return join(folder, 'config');
}

/** Every level's file, weakest first, leaving out those this machine has no place for. */
export function levelFiles(dvcDir: string, env: NodeJS.ProcessEnv): string[] {
  return [systemFolder(env), globalFolder(env), dvcDir]
    .flatMap((folder) => (folder ? [join(folder, 'config')] : []))
    .concat(join(dvcDir, 'config.local'));
}

function systemFolder(env: NodeJS.ProcessEnv): string | undefined {
  if (env.DVC_SYSTEM_CONFIG_DIR) return env.DVC_SYSTEM_CONFIG_DIR;
  if (platform() === 'darwin') return '/Library/Application Support/dvc';
  if (platform() === 'win32') return env.PROGRAMDATA && join(env.PROGRAMDATA, 'iterative', 'dvc');
  return '/etc/xdg/dvc';
}

function globalFolder(env: NodeJS.ProcessEnv): string | undefined {
  if (env.DVC_GLOBAL_CONFIG_DIR) return env.DVC_GLOBAL_CONFIG_DIR;
  if (platform() === 'darwin') return join(homedir(), 'Library', 'Application Support', 'dvc');
  if (platform() === 'win32') return env.LOCALAPPDATA && join(env.LOCALAPPDATA, 'iterative', 'dvc');
  return join(env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'dvc');
}
