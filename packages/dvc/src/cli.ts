import { realpathSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { BadArguments, DvcError } from './errors.ts';
import { add } from './verbs/add.ts';
import { type PullResult, pull } from './verbs/pull.ts';
import { push } from './verbs/push.ts';
import { type Status, status } from './verbs/status.ts';
import { posixRelative } from './workspace/relpath.ts';
import { openRepo } from './workspace/repo.ts';

const usage = `usage: dvc <verb> [targets] [options]

  add TARGET…       track files or directories       --file POINTER
  pull [TARGET…]    fetch and put in place           -r REMOTE  -j JOBS  -f
  push [TARGET…]    upload what the remote lacks     -r REMOTE  -j JOBS
  status [TARGET…]  compare with the pointers        --json

  --cd DIR          work from there`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const warn = (line: string): void => void process.stderr.write(`${line}\n`);

/** Runs one command; returns its exit code. */
export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  const [verb, ...targets] = positionals;
  if (values.help || verb === undefined) {
    say(usage);
    return values.help ? 0 : 254;
  }
  if (!['add', 'pull', 'push', 'status'].includes(verb))
    throw new BadArguments(`unknown verb '${verb}'`, { hint: usage });
  if (verb === 'add' && targets.length === 0)
    throw new BadArguments('add: no targets given', { hint: usage });
  const repo = openRepo(values.cd ?? realpathSync('.'));
  const jobs = values.jobs === undefined ? {} : { jobs: parseJobs(values.jobs) };
  const remote = values.remote === undefined ? {} : { remote: values.remote };
  if (verb === 'add') {
    const added = await add(repo, { targets, log: warn, ...(values.file ? { file: values.file } : {}) });
    const files = added.flatMap(({ file, gitignore }) => (gitignore ? [file, gitignore] : [file]));
    if (repo.gitRoot)
      say(
        `\nTo track the changes with git, run:\n\n\tgit add ${files.map((file) => quote(posixRelative(repo.cwd, file))).join(' ')}`,
      );
  } else if (verb === 'pull') {
    const result = await pull(repo, { targets, force: values.force ?? false, log: warn, ...remote, ...jobs });
    for (const line of pullLines(result)) say(line);
  } else if (verb === 'push') {
    const { files } = await push(repo, { targets, log: warn, ...remote, ...jobs });
    say(files === 0 ? 'Everything is up to date.' : `${files} file${files === 1 ? '' : 's'} pushed`);
  } else {
    const result = await status(repo, { targets });
    say(values.json ? JSON.stringify(result) : statusText(result));
  }
  return 0;
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        cd: { type: 'string' },
        remote: { type: 'string', short: 'r' },
        jobs: { type: 'string', short: 'j' },
        force: { type: 'boolean', short: 'f' },
        file: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    throw new BadArguments(cause instanceof Error ? cause.message : String(cause), { cause, hint: usage });
  }
}

function parseJobs(text: string): number {
  if (!/^\d+$/.test(text)) throw new BadArguments(`-j: ${text} is not a number`);
  return Number(text);
}

const quote = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\"'\"'")}'`;

function pullLines(result: PullResult): string[] {
  const lines = result.outs
    .filter(({ change }) => change)
    .map(({ path, change }) => `${change === 'added' ? 'A' : 'M'}\t${path}`)
    .sort((a, b) => Number(b.endsWith('/')) - Number(a.endsWith('/')) || (a < b ? -1 : 1));
  const files = (count: number, what: string): string[] =>
    count > 0 ? [`${count} file${count === 1 ? '' : 's'} ${what}`] : [];
  const parts = [
    ...files(result.files, 'fetched'),
    ...files(result.modified, 'modified'),
    ...files(result.added, 'added'),
    ...files(result.deleted, 'deleted'),
  ];
  if (parts.length === 0) return [...lines, 'Everything is up to date.'];
  return [...lines, [parts.slice(0, -1).join(', '), parts.at(-1)!].filter(Boolean).join(' and ')];
}

function statusText(result: Status): string {
  const lines = Object.entries(result).flatMap(([file, groups]) => [
    `${file}:`,
    ...groups.flatMap((group) => [
      '\tchanged outs:',
      ...Object.entries(group['changed outs']).map(([path, state]) => `\t\t${`${state}:`.padEnd(20)}${path}`),
    ]),
  ]);
  return lines.length > 0 ? lines.join('\n') : 'Data and pipelines are up to date.';
}

function report(error: unknown): number {
  if (!(error instanceof DvcError)) {
    warn(
      `ERROR: unexpected error - ${error instanceof Error ? (process.env.DVC_SHOW_TRACEBACK ? error.stack : error.message) : error}`,
    );
    return 255;
  }
  warn(`ERROR: ${error.message}`);
  if (error.hint) warn(error.hint);
  return error.exitCode;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2)).catch(report);
