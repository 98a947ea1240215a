import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { spawnAction } from '../lib/test/spawn-action.ts';

const program = join(import.meta.dirname, 'dist/index.js');
const image = `registry.example/spam@sha256:${'ab'.repeat(32)}`;

describe('deploy-lambda refuses before the first call', () => {
  it.each<[string, Record<string, string>, string]>([
    ['a misspelt input', { 'functon-name': 'spam', image }, 'did you mean "function-name"?'],
    [
      'a tag',
      { 'function-name': 'spam', image: 'registry.example/spam:latest' },
      'does not name an image by digest',
    ],
    [
      'a golden file that is not there',
      { 'function-name': 'spam', image, golden: 'no.json' },
      'There is no file no.json',
    ],
    [
      'too little memory',
      { 'function-name': 'spam', image, memory: '64' },
      'a whole number from 128 to 10240',
    ],
  ])('%s', async (_, inputs, message) => {
    const ran = await spawnAction(program, { with: inputs });
    expect(ran.exitCode).toBe(1);
    expect(ran.log).toContain(message);
    expect(ran.outputs).toEqual({});
  });
});
