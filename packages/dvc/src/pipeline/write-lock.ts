import { existsSync, readFileSync } from 'node:fs';
import { writeAtomically } from '../files/pointer.ts';
import { emitYaml } from '../yaml/emit.ts';
import { mapOf, toYaml, type YamlMap, type YamlNode, type YamlScalar } from '../yaml/tree.ts';
import { field } from './expand.ts';
import { integerText, isFloat, pythonFloat } from './interpolate.ts';
import type { Lock } from './lock.ts';

/** Puts entries of stages into a lock file, each in its old place or at the end; returns whether the file changed. */
export function writeLock(lock: Lock, stages: Map<string, YamlNode>): boolean {
  const old = lock.text?.root.kind === 'map' ? lock.text.root : undefined;
  const root: YamlMap = old ? structuredClone(old) : mapOf([['schema', toYaml('2.0')]]);
  let held = field(root, 'stages');
  if (held?.kind !== 'map') {
    held = mapOf([]);
    root.entries = [
      ...root.entries.filter(({ key }) => key.value !== 'stages'),
      ...mapOf([['stages', held]]).entries,
    ];
  }
  held.flow = false;
  for (const [name, value] of stages) {
    const entry = held.entries.find(({ key }) => key.value === name);
    if (entry) entry.value = value;
    else held.entries.push(...mapOf([[name, value]]).entries);
  }
  const text = emitYaml({ root, top: lock.text?.top ?? [] });
  if (existsSync(lock.file) && readFileSync(lock.file, 'utf8') === text) return false;
  writeAtomically(lock.file, text);
  return true;
}

/** A value from a parameter file as Python would write it again: no comments, no flow style, numbers in their plain form. */
export function plainValue(node: YamlNode): YamlNode {
  if (node.kind === 'list') return { kind: 'list', flow: false, items: node.items.map(plainValue) };
  if (node.kind === 'map')
    return {
      kind: 'map',
      flow: false,
      entries: node.entries.map(({ key, value }) => ({ key: plainScalar(key), value: plainValue(value) })),
    };
  return plainScalar(node);
}

function plainScalar({ value, source }: YamlScalar): YamlScalar {
  // A time is written plain; a text that only looks like one had quotes, and gets them again.
  if (typeof value !== 'number')
    return {
      kind: 'scalar',
      value,
      ...(source !== undefined && !/^[|>]/.test(source) ? { source: String(value) } : {}),
    };
  const number: YamlScalar = { kind: 'scalar', value, ...(source === undefined ? {} : { source }) };
  return { ...number, source: isFloat(number) ? yamlFloat(value) : integerText(number) };
}

const yamlFloat = (value: number): string =>
  Number.isFinite(value)
    ? pythonFloat(value)
    : `${value < 0 ? '-' : ''}.${Number.isNaN(value) ? 'nan' : 'inf'}`;
