import { expect, it } from 'vitest';
import { nearest } from './nearest.ts';

it.each([
  ['memmory', 'memory'],
  ['functon-name', 'function-name'],
  ['timout', 'timeout'],
  ['url_auth', 'url-auth'],
])('takes %s for %s', (word, meant) => {
  expect(nearest(word, ['alias', 'function-name', 'memory', 'timeout', 'url-auth'])).toBe(meant);
});

it('has no suggestion for a word like none of them', () => {
  expect(nearest('colour', ['alias', 'memory'])).toBeUndefined();
  expect(nearest('alias', [])).toBeUndefined();
});
