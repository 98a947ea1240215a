import { expect, it } from 'vitest';
import { annotationOf, describeError, elsewhere } from './errors.ts';

it('reads an error outermost first, with its next step and the causes that add something', () => {
  const socket = new Error('connect ECONNREFUSED 127.0.0.1:1');
  const http = new Error('[GET] http://127.0.0.1:1/: connect ECONNREFUSED 127.0.0.1:1', { cause: socket });
  const top = Object.assign(new Error('Could not pull spam.dvc', { cause: http }), {
    hint: 'Is the remote running?',
  });
  expect(describeError(top)).toMatchInlineSnapshot(`
    "Could not pull spam.dvc
    Is the remote running?
    because: [GET] http://127.0.0.1:1/: connect ECONNREFUSED 127.0.0.1:1"
  `);
});

it('survives what is no Error, and causes that go in circles', () => {
  const loop = new Error('loop');
  loop.cause = loop;
  expect(describeError(loop)).toBe('loop');
  expect(describeError('text')).toBe('text');
  expect(describeError(null)).toBe('null');
  expect(describeError(new TypeError())).toBe('TypeError');
});

it('finds the file and line an error belongs to, if it says', () => {
  expect(annotationOf(Object.assign(new Error('x'), { file: 'dvc/spam.dvc', line: 3 }))).toEqual({
    file: 'dvc/spam.dvc',
    startLine: 3,
  });
  expect(annotationOf(Object.assign(new Error('x'), { file: 'dvc/spam.dvc' }))).toEqual({
    file: 'dvc/spam.dvc',
  });
  expect(annotationOf(Object.assign(new Error('x'), { line: 3 }))).toEqual({});
  expect(annotationOf('text')).toEqual({});
});

it('finds the failures that belong to other files, one for each', () => {
  const failure = (name: string, file?: string) => Object.assign(new Error(name), file ? { file } : {});
  const failures = [failure('1', 'a'), failure('2', 'b'), failure('3'), failure('4', 'b'), failure('5', 'c')];
  const names = (error: unknown) => elsewhere(error).map((one) => describeError(one));
  expect(names(Object.assign(new Error('x'), { file: 'a', failures }))).toEqual(['2', '5']);
  expect(names(Object.assign(new Error('x'), { failures }))).toEqual(['1', '2', '5']);
  expect(names(new Error('x'))).toEqual([]);
  expect(names('text')).toEqual([]);
});
