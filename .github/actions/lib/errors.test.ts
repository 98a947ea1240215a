import { expect, it } from 'vitest';
import { annotationOf, describeError } from './errors.ts';

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

it('finds the annotation an error carries, if it names a file', () => {
  const error = Object.assign(new Error('x'), {
    annotation: { file: 'dvc/spam.dvc', startLine: 3, extra: 1 },
  });
  expect(annotationOf(error)).toEqual({ file: 'dvc/spam.dvc', startLine: 3 });
  expect(annotationOf(new Error('x'))).toBeUndefined();
  expect(annotationOf(Object.assign(new Error('x'), { annotation: { startLine: 3 } }))).toBeUndefined();
});
