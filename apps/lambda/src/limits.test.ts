import { expect, it } from 'vitest';
import { readLimits } from './limits.ts';

it('are what the environment says, where it says something', () => {
  expect(readLimits({ MAX_TEXTS: '', MAX_TEXT_BYTES: '10' })).toEqual({
    bodyBytes: 5 * 1024 * 1024,
    textBytes: 10,
    texts: 256,
  });
});

it.each(['0', '-1', '1.5', '1e3', 'many', '5 MB', '9'.repeat(16)])('%j is no limit', (value) => {
  expect(() => readLimits({ MAX_BODY_BYTES: value })).toThrow(
    `MAX_BODY_BYTES is "${value}": give a whole number above 0`,
  );
});
