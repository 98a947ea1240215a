import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ParamsError, TrainingError } from './errors.ts';
import { nearest } from './nearest.ts';
import { parseParams, readParams } from './params.ts';

const spam = resolve(import.meta.dirname, '../../../models/spam');
const source = readFileSync(join(spam, 'params.yaml'), 'utf8');
/** The shipped params.yaml with one thing replaced; fails if there is nothing to replace. */
function changed(from: string | RegExp, to: string): string {
  const result = source.replace(from, to);
  expect(result).not.toBe(source);
  return result;
}

describe('parseParams', () => {
  it('reads the shipped file', () => {
    const params = readParams(spam);
    expect(params).toMatchObject({ directory: spam, name: 'spam', dataset: { source: 'spam-assassin' } });
    expect(params.labels).toEqual(['ham', 'spam']);
    expect(params.golden.length).toBeGreaterThanOrEqual(5);
  });

  it('reads a file dataset, columns optional', () => {
    const withFile = (columns: string) =>
      parseParams(
        changed('source: spam-assassin', `source: file\n  path: a.csv\n  text: t\n  label: l${columns}`),
        spam,
      ).dataset;
    expect(withFile('')).toEqual({ source: 'file', path: 'a.csv', text: 't', label: 'l' });
    expect(withFile('\n  columns: [t, l]')).toEqual({
      source: 'file',
      path: 'a.csv',
      text: 't',
      label: 'l',
      columns: ['t', 'l'],
    });
  });

  it.each([
    [
      'an unknown key',
      /^labels/m,
      'lables',
      'lables is not known: did you mean "labels"? Allowed: name, dataset, labels',
    ],
    [
      'an unknown nested key',
      'size: 8000',
      'vocabulary: 8000',
      'tokenizer.vocabulary is not known: Allowed: size, lowercase',
    ],
    ['a missing key', /^name: spam$/m, '', 'name is missing'],
    ['a number for a text', /^name: spam$/m, 'name: 7', 'name is 7: it must be a text'],
    ['a name that no path could hold', /^name: spam$/m, 'name: ../x', 'use lower-case letters'],
    [
      'a number out of range',
      'size: 8000',
      'size: 8e9',
      'tokenizer.size is 8000000000: it must be a whole number from 100 to 100000',
    ],
    [
      'a text for a switch',
      'lowercase: true',
      'lowercase: "yes"',
      'tokenizer.lowercase is "yes": it must be true or false',
    ],
    [
      'an unknown source',
      'spam-assassin',
      'spam-asassin',
      'dataset.source is "spam-asassin": did you mean "spam-assassin"?',
    ],
    ['a file source without its path', 'source: spam-assassin', 'source: file', 'dataset.path is missing'],
    [
      'keys of another source',
      'source: spam-assassin',
      'source: spam-assassin\n  path: x',
      'dataset.path is not known',
    ],
    ['one label', '[ham, spam]', '[ham]', 'labels must be a list of at least 2 texts'],
    ['a label twice', '[ham, spam]', '[ham, ham]', 'labels names a label twice'],
    [
      'labels that are numbers',
      '[ham, spam]',
      '[0, 1]',
      'labels[0] is 0: it must be a text (put a number or a yes/no in quotes)',
    ],
    ['a key given twice', /^name: spam$/m, 'name: a\nname: b', 'Map keys must be unique at line'],
    ['broken YAML', /^name: spam$/m, 'name: [', 'is not valid YAML'],
    [
      'a list instead of a section',
      /^tokenizer:\n {2}size: 8000\n {2}lowercase: true/m,
      'tokenizer: []',
      'tokenizer must be a mapping with the keys size, lowercase',
    ],
  ])('refuses %s by name', (_name, from, to, message) => {
    const broken = changed(from, to);
    expect(() => parseParams(broken, spam)).toThrow(ParamsError);
    expect(() => parseParams(broken, spam)).toThrow(message);
  });

  it.each(['', '7', '[]', '&a [*a]'])('refuses %j', (text) => {
    expect(() => parseParams(text, spam)).toThrow(ParamsError);
  });
});

describe('readParams', () => {
  it('lists the models that exist when there is none of that name', () => {
    const folder = mkdtempSync(join(tmpdir(), 'models-'));
    try {
      for (const name of ['topic', 'sentiment', 'no-model']) mkdirSync(join(folder, name));
      for (const name of ['topic', 'sentiment']) writeFileSync(join(folder, name, 'params.yaml'), '');
      expect(() => readParams(join(folder, 'sentimnet'))).toThrow(TrainingError);
      expect(() => readParams(join(folder, 'sentimnet'))).toThrow(
        'did you mean "sentiment"? Allowed: sentiment, topic',
      );
      expect(() => readParams(join(folder, 'gone', 'x'))).toThrow(/there is no model in .*gone at all/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('nearest', () => {
  it('finds a misspelling and stays silent about strangers', () => {
    expect(nearest('lable', ['text', 'label'])).toBe('label');
    expect(nearest('TEXT', ['text', 'label'])).toBe('text');
    expect(nearest('colour', ['text', 'label'])).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
  });
});
