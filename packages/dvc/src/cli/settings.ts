import type { Place } from '../config/write.ts';
import { BadArguments } from '../errors.ts';
import { getConfig, listConfig, originOf, type Setting, setConfig } from '../verbs/config.ts';
import {
  addRemote,
  defaultRemote,
  listRemotes,
  modifyRemote,
  removeRemote,
  renameRemote,
} from '../verbs/remote.ts';
import { type Command, levelOf } from './options.ts';

/** `dvc remote …` and `dvc config …`: what they print, and the code they end with. */
export function settingsCommand(place: Place, command: Command): { lines: string[]; code?: number } {
  const isQuestion = command.targets.length === 1 && !command.flag('unset');
  if (command.verb === 'remote' && command.targets[0] === 'default' && isQuestion) {
    const name = defaultRemote(place, undefined, levelOf(command));
    return name === undefined ? { lines: ['No default remote set'], code: 1 } : { lines: [name] };
  }
  return { lines: command.verb === 'remote' ? remoteCommand(place, command) : configCommand(place, command) };
}

function remoteCommand(place: Place, command: Command): string[] {
  const [verb, name, first, second] = command.targets;
  const level = levelOf(command);
  const need = (value: string | undefined, what: string): string => {
    if (value === undefined)
      throw new BadArguments(`remote ${verb}: the following arguments are required: ${what}`);
    return value;
  };
  switch (verb) {
    case 'list':
      return listRemotes(place, level).map(
        (remote) => `${remote.name}\t${remote.url}${remote.isDefault ? '\t(default)' : ''}`,
      );
    case 'add':
      addRemote(place, need(name, 'name'), need(first, 'url'), {
        ...level,
        isDefault: command.flag('default'),
        force: command.flag('force'),
      });
      return command.flag('default') ? [`Setting '${name!.toLowerCase()}' as a default remote.`] : [];
    case 'default':
      defaultRemote(place, name, { ...level, unset: command.flag('unset') });
      return [];
    case 'modify':
      modifyRemote(
        place,
        need(name, 'name'),
        need(first, 'option'),
        command.flag('unset') ? undefined : need(second, 'value'),
        level,
      );
      return [];
    case 'remove':
      removeRemote(place, need(name, 'name'), level);
      return [];
    case 'rename':
      renameRemote(place, need(name, 'name'), need(first, 'new'), level);
      return [];
    default:
      throw new BadArguments(
        `remote: choose from add, default, list, modify, remove, rename, not '${verb ?? ''}'`,
      );
  }
}

function configCommand(place: Place, command: Command): string[] {
  const [name, value] = command.targets;
  const { level } = levelOf(command);
  const unset = command.flag('unset');
  const origin = ({ file }: Setting): string =>
    command.flag('show-origin') ? `${originOf(file, place)}\t` : '';
  if (command.flag('show-origin') && (value !== undefined || unset))
    throw new BadArguments(
      "--show-origin can't be used together with any of these options: -u/--unset, value",
    );
  if (command.flag('list')) {
    if (name !== undefined || unset)
      throw new BadArguments(
        "-l/--list can't be used together with any of these options: -u/--unset, name, value",
      );
    return listConfig(place, level).map((setting) => `${origin(setting)}${setting.name}=${setting.value}`);
  }
  if (name === undefined) throw new BadArguments('config: the following arguments are required: name');
  if (value === undefined && !unset) {
    const setting = getConfig(place, name, level);
    return setting ? [origin(setting) + setting.value] : [];
  }
  setConfig(place, name, unset ? undefined : value, level);
  return [];
}
