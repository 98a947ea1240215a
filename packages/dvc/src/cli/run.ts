import { BadArguments, DvcError, NoRemote, UnknownTarget } from '../errors.ts';
import { posixRelative } from '../workspace/relpath.ts';
import { openPlace, openRepo, type Repo } from '../workspace/repo.ts';
import { type Command, jobsOf, parseCommand } from './options.ts';
import { cloudText, counted, countLine, outLines, shellQuote, statusText } from './output.ts';

const usage = `usage: dvc <verb> [targets] [options]

  add TARGET…       track files or directories   --file POINTER --glob --no-commit --no-relink -o PATH --to-remote -f
  commit [TARGET…]  record data as it is now     -R --no-relink --data-only
  pull [TARGET…]    fetch, then put in place     -r REMOTE -j JOBS -f -R --glob --allow-missing --json
  fetch [TARGET…]   bring into the cache         -r REMOTE -j JOBS -R --glob
  checkout [TARGET…] put in place from the cache -f -R --relink --allow-missing
  push [TARGET…]    upload what the remote lacks -r REMOTE -j JOBS -R --glob --repair
  status [TARGET…]  compare with the pointers    -c -r REMOTE --json -q
  remote …          add, default, list, modify, remove, rename
  config …          [-l] [-u] name [value]

  --cd DIR          work from there`;

/** Where a command writes; lines end with a line feed. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
}

/** Runs one command line; returns its exit code, which is DVC's own. */
export async function runCommand(args: string[], output: Output): Promise<number> {
  let verb = '';
  try {
    const command = parseCommand(args);
    verb = command.verb;
    if (verb === 'help' || command.flag('help')) {
      output.out(`${usage}\n`);
      return 0;
    }
    const { lines, code = 0 } = await start(command, (line) => output.err(`${line}\n`));
    if (!command.flag('quiet')) output.out(lines.map((line) => `${line}\n`).join(''));
    return code;
  } catch (error) {
    // What DVC cannot check out may be Git's.
    const isForGit = verb === 'checkout' && error instanceof UnknownTarget;
    const git = isForGit ? `Did you mean \`git checkout ${error.target}\`? - ` : '';
    output.err(`ERROR: ${git}${textOf(error)}\n`);
    if (!(error instanceof DvcError)) return 255;
    // DVC's own habit: a failed checkout is 255 where a failed transfer is 1, and so is a status without a remote.
    const isWorse = verb === 'checkout' || (verb === 'status' && error instanceof NoRemote);
    return error.exitCode === 1 && isWorse ? 255 : error.exitCode;
  }
}

async function start(
  command: Command,
  log: (line: string) => void,
): Promise<{ lines: string[]; code?: number }> {
  const dir = command.text('cd') ?? '.';
  if (!['config', 'remote'].includes(command.verb)) return run(openRepo(dir), command, log);
  // A configuration that is wrong can still be put right, and some of it is outside of any repository.
  const { settingsCommand } = await import('./settings.ts');
  return settingsCommand(openPlace(dir), command);
}

function textOf(error: unknown): string {
  if (error instanceof DvcError) return error.hint ? `${error.message}\n${error.hint}` : error.message;
  if (!(error instanceof Error)) return `unexpected error - ${error}`;
  if ('code' in error && error.code === 'ENOSPC')
    return `${error.message}\nmake room on this disk and run it again: what is complete is kept`;
  return `unexpected error - ${(process.env.DVC_SHOW_TRACEBACK && error.stack) || error.message}`;
}

async function run(
  repo: Repo,
  command: Command,
  log: (line: string) => void,
): Promise<{ lines: string[]; code?: number }> {
  const { verb, targets, flag, text } = command;
  const remote = text('remote');
  const options = {
    targets,
    log,
    recursive: flag('recursive'),
    glob: flag('glob'),
    force: flag('force'),
    allowMissing: flag('allow-missing'),
    relink: flag('relink'),
    noRelink: flag('no-relink'),
    ...(remote === undefined ? {} : { remote }),
    ...jobsOf(command),
  };
  const json = (value: unknown, lines: string[]): { lines: string[] } => ({
    lines: flag('json') ? [JSON.stringify(value)] : lines,
  });
  // Each verb is loaded when it is asked for: all of them together take longer to read than most take to run.
  switch (verb) {
    case 'add':
      return { lines: await runAdd(repo, command, options) };
    case 'commit': {
      const { commit } = await import('../verbs/commit.ts');
      await commit(repo, { ...options, dataOnly: flag('data-only') });
      return { lines: [] };
    }
    case 'pull': {
      const { pull } = await import('../verbs/pull.ts');
      const result = await pull(repo, options);
      return json(result, [...outLines(result), countLine(result) ?? 'Everything is up to date.']);
    }
    case 'fetch': {
      const { fetch } = await import('../verbs/fetch.ts');
      const result = await fetch(repo, options);
      return json(
        result,
        counted(result.files, 'fetched').concat(result.files === 0 ? 'Everything is up to date.' : []),
      );
    }
    case 'checkout': {
      const { checkout } = await import('../verbs/checkout.ts');
      const result = await checkout(repo, options);
      const lines = flag('summary') ? [countLine(result) ?? 'No changes.'] : outLines(result);
      return json(result, options.relink ? [...lines, 'Relinked successfully'] : lines);
    }
    case 'push': {
      const { push } = await import('../verbs/push.ts');
      const { files, repaired } = await push(repo, { ...options, repair: flag('repair') });
      const lines = [...counted(files, 'pushed'), ...counted(repaired, 'repaired')];
      return { lines: lines.length > 0 ? lines : ['Everything is up to date.'] };
    }
    case 'status': {
      if (flag('cloud') || remote !== undefined) {
        const { cloudStatus } = await import('../verbs/cloud-status.ts');
        const result = await cloudStatus(repo, options);
        const code = flag('quiet') && Object.keys(result.objects).length > 0 ? 1 : 0;
        return { ...json(result.objects, [cloudText(result)]), code };
      }
      const { isEmpty, status } = await import('../verbs/status.ts');
      const { collect } = await import('../workspace/collect.ts');
      const result = await status(repo, options);
      const lines = isEmpty(collect(repo))
        ? [
            'There are no data or pipelines tracked in this project yet.',
            'See <https://dvc.org/doc/start> to get started!',
          ]
        : [statusText(result)];
      return { ...json(result, lines), code: flag('quiet') && Object.keys(result).length > 0 ? 1 : 0 };
    }
    default:
      throw new BadArguments(`'${verb}' is no verb`);
  }
}

async function runAdd(repo: Repo, { targets, flag, text }: Command, options: object): Promise<string[]> {
  if (targets.length === 0) throw new BadArguments('add: the following arguments are required: targets');
  const { add } = await import('../verbs/add.ts');
  const [file, out] = [text('file'), text('out')];
  const added = await add(repo, {
    ...options,
    targets,
    noCommit: flag('no-commit'),
    toRemote: flag('to-remote'),
    ...(file === undefined ? {} : { file }),
    ...(out === undefined ? {} : { out }),
  });
  const files = [
    ...new Set(added.flatMap((item) => (item.gitignore ? [item.file, item.gitignore] : [item.file]))),
  ];
  if (repo.gitRoot && repo.config.core.autostage?.toLowerCase() === 'true') {
    const { stage } = await import('../workspace/git.ts');
    stage(repo, files);
    return [];
  }
  const names = files.map((path) => shellQuote(posixRelative(repo.cwd, path))).join(' ');
  return repo.gitRoot ? ['', 'To track the changes with git, run:', '', `\tgit add ${names}`] : [];
}
