import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { StateError } from '../errors.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';
import { appendJsonLines, readJsonLines } from './json-lines.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-aws-state-'));
  file = join(folder, 'state.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('a file is there whole or not at all, and names itself when it is damaged', () => {
  expect(readJsonFile(file)).toBeUndefined();
  writeJsonFile(file, { a: 'ü' });
  writeJsonFile(file, { a: 2 });
  expect(readJsonFile(file)).toEqual({ a: 2 });
  expect(readdirSync(folder)).toEqual(['state.json']);
  writeFileSync(file, '{"a":');
  expect(() => readJsonFile(file)).toThrow(StateError);
  expect(() => readJsonFile(file)).toThrow(file);
});

it('lines are appended in order, and a broken one costs only itself', () => {
  expect(readJsonLines(file)).toEqual([]);
  appendJsonLines(file, [1, { text: 'a\nb' }]);
  appendFileSync(file, '{"half":\n');
  appendJsonLines(file, [3]);
  appendFileSync(file, '"cut of');
  expect(readJsonLines(file)).toEqual([1, { text: 'a\nb' }, 3]);
});
