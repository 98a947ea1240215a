import { InputError } from './errors.ts';
import { nearest } from './nearest.ts';

/** One line of an action's `inputs`: how to read it, and what action.yml must say about it. */
export interface Input<T> {
  required: boolean;
  default?: string;
  /** Text (trimmed, never empty) to value; throws an Error whose message completes "input x …". */
  parse: (text: string) => T;
  /** What the value is when the input is absent. */
  absent: T | undefined;
}

/** An action's inputs by the names that action.yml gives them. */
export type InputSpec = Record<string, Input<unknown>>;

type Camel<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;

/** What a spec reads to: camel-cased names, parsed values. */
export type Inputs<Spec extends InputSpec> = {
  [Name in keyof Spec & string as Camel<Name>]: Spec[Name] extends Input<infer T> ? T : never;
};

/** An input that the step must give. */
export function required<T>(parse: (text: string) => T): Input<T> {
  return { required: true, parse, absent: undefined };
}

/** An input that may be left out. */
export function optional<T>(parse: (text: string) => T): Input<T | undefined> {
  return { required: false, parse, absent: undefined };
}

/** An input that may be left out; `text` is its default exactly as action.yml writes it. */
export function defaulted<T>(text: string, parse: (text: string) => T): Input<T> {
  return { required: false, default: text, parse, absent: parse(text) };
}

/** Any text. */
export function text(value: string): string {
  return value;
}

/** One item per line; blank lines dropped. */
export function lines(value: string): string[] {
  return value
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** `NAME=value`, one per line. */
export function pairs(value: string): Record<string, string> {
  return Object.fromEntries(
    lines(value).map((line) => {
      const at = line.indexOf('=');
      if (at < 1)
        throw new Error(
          `needs NAME=value on each line; there is none in a line of ${line.length} characters`,
        );
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}

/** Shares of a whole, each above 0 and below 100 %, separated by spaces: `10% 50%`. */
export function shares(value: string): number[] {
  return value.split(/[\s,]+/).map((share) => {
    const percent = Number(share.match(/^(\d{1,2}(?:\.\d+)?)%$/)?.[1]);
    if (!(percent > 0))
      throw new Error(`is one or more shares such as 10%, above 0% and below 100%, not "${share}"`);
    return percent / 100;
  });
}

/** true or false, in YAML's spellings. */
export function flag(value: string): boolean {
  if (/^(true|True|TRUE)$/.test(value)) return true;
  if (/^(false|False|FALSE)$/.test(value)) return false;
  throw new Error(`is true or false, not "${value}"`);
}

/** A whole number between two bounds, both allowed. */
export function wholeNumber(min: number, max: number): (value: string) => number {
  return (value) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= min && number <= max))
      throw new Error(`is a whole number from ${min} to ${max}, not "${value}"`);
    return number;
  };
}

/** One of a few words. */
export function oneOf<const Word extends string>(...words: Word[]): (value: string) => Word {
  return (value) => {
    const word = words.find((candidate) => candidate === value);
    if (word !== undefined) return word;
    const meant = nearest(value, words);
    throw new Error(
      `is one of ${words.join(', ')}, not "${value}"${meant ? `: did you mean ${meant}?` : ''}`,
    );
  };
}

/**
 * Reads INPUT_* as the runner sets them (upper-cased, spaces to underscores, hyphens kept, also for inputs that
 * action.yml does not know). Every problem is reported at once.
 * @throws InputError
 */
export function readInputs<Spec extends InputSpec>(
  action: string,
  spec: Spec,
  env: Record<string, string | undefined>,
): Inputs<Spec> {
  const names = Object.keys(spec);
  const given = new Map<string, string>();
  for (const [key, value] of Object.entries(env))
    if (key.startsWith('INPUT_') && value !== undefined)
      given.set(key.slice('INPUT_'.length).toLowerCase(), value.trim());

  const problems: string[] = [];
  for (const name of given.keys())
    if (!names.includes(name)) {
      const meant = nearest(name, names);
      problems.push(`Unknown input "${name}"${meant ? `: did you mean "${meant}"?` : '.'}`);
    }

  const values: Record<string, unknown> = {};
  for (const [name, input] of Object.entries(spec)) {
    const raw = given.get(name);
    values[camel(name)] = input.absent;
    if (raw) {
      try {
        values[camel(name)] = input.parse(raw);
      } catch (error) {
        problems.push(`Input "${name}" ${error instanceof Error ? error.message : String(error)}`);
      }
    } else if (input.required) {
      problems.push(`Input "${name}" is required and was not given.`);
    }
  }
  if (problems.length > 0) throw new InputError(action, problems, names);
  return values as Inputs<Spec>; // built from the spec's own names just above
}

function camel(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
