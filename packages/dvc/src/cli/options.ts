import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { type Level, levels } from '../config/levels.ts';
import { BadArguments, Unsupported } from '../errors.ts';

const everywhere: ParseArgsOptionsConfig = {
  cd: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  quiet: { type: 'boolean', short: 'q' },
  verbose: { type: 'boolean', short: 'v', multiple: true },
};
const selection: ParseArgsOptionsConfig = {
  recursive: { type: 'boolean', short: 'R' },
  glob: { type: 'boolean' },
  'with-deps': { type: 'boolean', short: 'd' },
};
const transfer: ParseArgsOptionsConfig = {
  ...selection,
  remote: { type: 'string', short: 'r' },
  jobs: { type: 'string', short: 'j' },
  'run-cache': { type: 'boolean' },
  'no-run-cache': { type: 'boolean' },
  'all-branches': { type: 'boolean', short: 'a' },
  'all-tags': { type: 'boolean', short: 'T' },
  'all-commits': { type: 'boolean', short: 'A' },
};
const level: ParseArgsOptionsConfig = {
  system: { type: 'boolean' },
  global: { type: 'boolean' },
  project: { type: 'boolean' },
  local: { type: 'boolean' },
};
const checkout: ParseArgsOptionsConfig = {
  force: { type: 'boolean', short: 'f' },
  'allow-missing': { type: 'boolean' },
  relink: { type: 'boolean' },
  summary: { type: 'boolean' },
};

/** What each verb takes. */
export const verbs: Record<string, ParseArgsOptionsConfig> = {
  add: {
    file: { type: 'string' },
    glob: { type: 'boolean' },
    'no-commit': { type: 'boolean' },
    'no-relink': { type: 'boolean' },
    out: { type: 'string', short: 'o' },
    'to-remote': { type: 'boolean' },
    remote: { type: 'string', short: 'r' },
    jobs: { type: 'string', short: 'j' },
    'remote-jobs': { type: 'string' },
    force: { type: 'boolean', short: 'f' },
  },
  commit: {
    ...selection,
    force: { type: 'boolean', short: 'f' },
    'no-relink': { type: 'boolean' },
    'data-only': { type: 'boolean' },
  },
  fetch: {
    ...transfer,
    json: { type: 'boolean' },
    'max-size': { type: 'string' },
    type: { type: 'string', multiple: true },
    num: { type: 'string' },
  },
  pull: { ...transfer, ...checkout, json: { type: 'boolean' } },
  push: { ...transfer, repair: { type: 'boolean' } },
  checkout: { ...selection, ...checkout, json: { type: 'boolean' } },
  status: {
    ...transfer,
    cloud: { type: 'boolean', short: 'c' },
    json: { type: 'boolean' },
    'no-updates': { type: 'boolean' },
  },
  remote: {
    ...level,
    default: { type: 'boolean', short: 'd' },
    force: { type: 'boolean', short: 'f' },
    unset: { type: 'boolean', short: 'u' },
  },
  config: {
    ...level,
    list: { type: 'boolean', short: 'l' },
    unset: { type: 'boolean', short: 'u' },
    'show-origin': { type: 'boolean' },
  },
};

/** A command line taken apart. */
export interface Command {
  verb: string;
  targets: string[];
  text(name: string): string | undefined;
  flag(name: string): boolean;
}

/** Reads a command line; throws BadArguments for what DVC would not understand, Unsupported for what only DVC does. */
export function parseCommand(args: string[]): Command {
  // The verb may stand behind `--cd DIR`, as package scripts put it.
  const at = args[0] === '--cd' ? 2 : args[0]?.startsWith('--cd=') ? 1 : 0;
  const verb = args[at];
  if (verb === undefined || verb === '-h' || verb === '--help')
    return { verb: 'help', targets: [], text: () => undefined, flag: () => false };
  const known = verbs[verb];
  if (!known)
    throw new BadArguments(
      `argument COMMAND: invalid choice: '${verb}' (choose from ${Object.keys(verbs).join(', ')})`,
    );
  const options = { ...everywhere, ...known };
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: spellOut(args.toSpliced(at, 1), options), allowPositionals: true, options });
  } catch (cause) {
    throw new BadArguments(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  const { values, positionals } = parsed;
  const text = (name: string): string | undefined =>
    typeof values[name] === 'string' ? values[name] : undefined;
  const flag = (name: string): boolean => values[name] === true;
  for (const [name, instead] of Object.entries(onlyDvc))
    if (values[name] !== undefined && values[name] !== false)
      throw new Unsupported(`--${name} is not supported`, { hint: instead });
  return { verb, targets: positionals, text, flag };
}

/** Options by their full names: as in DVC, so much of one as no other begins with is enough. */
function spellOut(args: string[], options: ParseArgsOptionsConfig): string[] {
  const end = args.indexOf('--');
  return args.map((arg, at) => {
    const [, begun, value = ''] = /^--([\w-]+)(=.*)?$/s.exec(arg) ?? [];
    if (begun === undefined || begun in options || (end >= 0 && at > end)) return arg;
    const meant = Object.keys(options).filter((name) => name.startsWith(begun));
    if (meant.length > 1)
      throw new BadArguments(
        `ambiguous option: --${begun} could match ${meant.map((name) => `--${name}`).join(', ')}`,
      );
    return meant[0] === undefined ? arg : `--${meant[0]}${value}`;
  });
}

const onlyDvc: Record<string, string> = {
  'run-cache': 'the run cache belongs to `dvc repro`: push and pull it with DVC',
  'all-branches': 'check each branch out and run this there, or use DVC',
  'all-tags': 'check each tag out and run this there, or use DVC',
  'all-commits': 'check each commit out and run this there, or use DVC',
  'with-deps': "name the stages' outs as targets, or use DVC",
  'max-size': 'name the targets that are wanted, or use DVC',
  type: 'name the targets that are wanted, or use DVC',
  num: 'check each commit out and run this there, or use DVC',
};

/** The number after `-j`; 0 stands for the default. */
export function jobsOf(command: Command): { jobs?: number } {
  const text = command.text('jobs') ?? command.text('remote-jobs');
  if (text === undefined) return {};
  if (!/^\d+$/.test(text)) throw new BadArguments(`argument -j/--jobs: invalid int value: '${text}'`);
  return { jobs: Number(text) };
}

/** The config file that `--local` and its like name. */
export function levelOf(command: Command): { level?: Level } {
  const given = levels.filter((name) => command.flag(name));
  if (given.length > 1)
    throw new BadArguments(`argument --${given[1]}: not allowed with argument --${given[0]}`);
  return given[0] ? { level: given[0] } : {};
}
