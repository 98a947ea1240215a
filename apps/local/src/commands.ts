import { WorkflowError } from './errors.ts';

/** Parses what a step wrote to `$GITHUB_OUTPUT` or `$GITHUB_ENV`: `name=value` lines and `name<<EOF` blocks. */
export function parseEnvFile(content: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = content.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line === '') continue;
    const block = line.match(/^([^=<]+)<<(.+)$/);
    if (block) {
      const end = lines.indexOf(block[2]!, at + 1);
      if (end < 0)
        throw new WorkflowError(
          `the value of ${block[1]} has no closing ${block[2]}`,
          'A step wrote a half-finished block.',
        );
      values[block[1]!] = lines.slice(at + 1, end).join('\n');
      at = end;
      continue;
    }
    const equals = line.indexOf('=');
    if (equals < 1)
      throw new WorkflowError(`'${line}' is neither name=value nor name<<END`, 'GitHub would refuse it too.');
    values[line.slice(0, equals)] = line.slice(equals + 1);
  }
  return values;
}

/** A workflow command that a step printed: `::error file=a::text` is `{name: 'error', text}`. */
export interface Command {
  name: string;
  text: string;
}

/** Reads a line as a workflow command; `undefined` when it is ordinary output. */
export function parseCommand(line: string): Command | undefined {
  const match = line.match(/^::([a-z-]+)(?: .*?)?::(.*)$/);
  if (!match) return undefined;
  const text = match[2]!.replace(/%0A/gi, '\n').replace(/%0D/gi, '\r').replace(/%25/g, '%');
  return { name: match[1]!, text };
}

/** Strikes every masked value out of a text, longest first so that no tail of one stays readable. */
export function strike(text: string, masks: Iterable<string>): string {
  return [...masks]
    .filter((mask) => mask !== '')
    .sort((a, b) => b.length - a.length)
    .reduce((struck, mask) => struck.replaceAll(mask, '***'), text);
}
