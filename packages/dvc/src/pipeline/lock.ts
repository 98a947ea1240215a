import { existsSync } from 'node:fs';
import { InvalidFile } from '../errors.ts';
import { checkEntry, dataKeys, isMap } from '../files/out.ts';
import type { Json } from '../objects/python-json.ts';
import { readYaml } from '../yaml/read.ts';
import { fromYaml, type YamlText } from '../yaml/tree.ts';

/** What `dvc.lock` holds about one stage. */
export interface LockEntry {
  cmd: Json;
  deps: (Record<string, Json> & { path: string })[];
  params: Record<string, Json>;
  outs: (Record<string, Json> & { path: string })[];
}

/** A `dvc.lock`; without stages if there is no such file. */
export interface Lock {
  file: string;
  stages: Map<string, LockEntry>;
  text: YamlText | undefined;
}

/** Reads a lock file; only schema 2.0 exists in DVC 3. */
export function readLock(file: string): Lock {
  const lock: Lock = { file, stages: new Map(), text: undefined };
  if (!existsSync(file)) return lock;
  lock.text = readYaml(file);
  const data = fromYaml(lock.text.root);
  if (data === null) return lock;
  if (!isMap(data) || data.schema !== '2.0')
    throw new InvalidFile(`'${file}' validation failed: its schema is not '2.0'`, {
      file,
      hint: 'run `dvc repro` with DVC 3 once to upgrade it',
    });
  const stages = data.stages ?? {};
  if (!isMap(stages)) throw new InvalidFile(`'${file}' validation failed: stages is not a mapping`, { file });
  for (const [name, entry] of Object.entries(stages)) {
    if (!isMap(entry))
      throw new InvalidFile(`'${file}' validation failed: stages -> ${name} is not a mapping`, { file });
    const list = (key: 'deps' | 'outs'): LockEntry['outs'] =>
      (Array.isArray(entry[key]) ? entry[key] : []).map((item, at) => {
        const where = `stages -> ${name} -> ${key} -> ${at}`;
        const { path, ...rest } =
          key === 'outs' ? checkEntry(item, where, file, dataKeys) : isMap(item) ? item : {};
        if (typeof path !== 'string')
          throw new InvalidFile(`'${file}' validation failed: no path in ${where}`, { file });
        return { ...rest, path };
      });
    lock.stages.set(name, {
      cmd: entry.cmd ?? null,
      deps: list('deps'),
      params: isMap(entry.params) ? entry.params : {},
      outs: list('outs'),
    });
  }
  return lock;
}
