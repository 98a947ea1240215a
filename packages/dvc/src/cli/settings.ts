import { BadArguments } from '../errors.ts';
import { getConfig, listConfig, setConfig } from '../verbs/config.ts';
import {
  addRemote,
  defaultRemote,
  listRemotes,
  modifyRemote,
  removeRemote,
  renameRemote,
} from '../verbs/remote.ts';
import type { Repo } from '../workspace/repo.ts';
import { type Command, levelOf } from './options.ts';

/** `dvc remote …`: returns what it prints. */
export function remoteCommand(repo: Repo, command: Command): string[] {
  const [verb, name, first, second] = command.targets;
  const level = levelOf(command);
  const need = (value: string | undefined, what: string): string => {
    if (value === undefined)
      throw new BadArguments(`remote ${verb}: the following arguments are required: ${what}`);
    return value;
  };
  switch (verb) {
    case 'list':
      return listRemotes(repo).map(
        (remote) => `${remote.name}\t${remote.url}${remote.isDefault ? '\t(default)' : ''}`,
      );
    case 'add':
      addRemote(repo, need(name, 'name'), need(first, 'url'), {
        ...level,
        isDefault: command.flag('default'),
        force: command.flag('force'),
      });
      return command.flag('default') ? [`Setting '${name}' as a default remote.`] : [];
    case 'default': {
      const shown = defaultRemote(repo, name, { ...level, unset: command.flag('unset') });
      return name === undefined && !command.flag('unset') ? [shown ?? 'No default remote set'] : [];
    }
    case 'modify':
      modifyRemote(
        repo,
        need(name, 'name'),
        need(first, 'option'),
        command.flag('unset') ? undefined : need(second, 'value'),
        level,
      );
      return [];
    case 'remove':
      removeRemote(repo, need(name, 'name'), level);
      return [];
    case 'rename':
      renameRemote(repo, need(name, 'name'), need(first, 'new'), level);
      return [];
    default:
      throw new BadArguments(
        `remote: choose from add, default, list, modify, remove, rename, not '${verb ?? ''}'`,
      );
  }
}

/** `dvc config …`: returns what it prints. */
export function configCommand(repo: Repo, command: Command): string[] {
  const [name, value] = command.targets;
  const { level } = levelOf(command);
  if (command.flag('list'))
    return Object.entries(listConfig(repo, level)).map(([key, text]) => `${key}=${text}`);
  if (name === undefined) throw new BadArguments('config: the following arguments are required: name');
  if (value === undefined && !command.flag('unset')) return [getConfig(repo, name, level)];
  setConfig(repo, name, command.flag('unset') ? undefined : value, level);
  return [];
}
