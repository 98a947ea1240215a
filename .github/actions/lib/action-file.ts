import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** What this package reads of an action.yml. */
export interface ActionFile {
  name: string;
  description: string;
  branding: { icon: string; color: string };
  inputs: Record<string, { description: string; required: boolean; default?: string }>;
  outputs: Record<string, { description: string }>;
  runs: { using: string; main: string };
}

/** Reads an action.yml; throws naming the file and the field when something is missing or of another type. */
export function readActionFile(path: string): ActionFile {
  const file = record(parse(readFileSync(path, 'utf8')), path);
  const section = (name: string) => record(file[name], `${path}: ${name}`);
  const string = (from: Record<string, unknown>, name: string, where: string) => {
    const value = from[name];
    if (typeof value !== 'string') throw new Error(`${path}: ${where}${name} is not text`);
    return value;
  };
  const branding = section('branding');
  const runs = section('runs');
  return {
    name: string(file, 'name', ''),
    description: string(file, 'description', ''),
    branding: { icon: string(branding, 'icon', 'branding.'), color: string(branding, 'color', 'branding.') },
    inputs: Object.fromEntries(
      Object.entries(section('inputs')).map(([name, value]) => {
        const input = record(value, `${path}: inputs.${name}`);
        return [
          name,
          {
            description: string(input, 'description', `inputs.${name}.`),
            required: input.required === true,
            ...(input.default !== undefined && { default: string(input, 'default', `inputs.${name}.`) }),
          },
        ];
      }),
    ),
    outputs: Object.fromEntries(
      Object.entries(section('outputs')).map(([name, value]) => [
        name,
        { description: string(record(value, `${path}: outputs.${name}`), 'description', `outputs.${name}.`) },
      ]),
    ),
    runs: { using: string(runs, 'using', 'runs.'), main: string(runs, 'main', 'runs.') },
  };
}

function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${where} is not a mapping`);
  return value as Record<string, unknown>;
}
