import { describe, expect, it } from 'vitest';
import { interpolate, isTrue } from './expressions.ts';

const contexts = {
  env: { MODEL: 'spam' },
  vars: {},
  steps: { build: { outputs: { layout: 'out' } } },
  github: { ref: 'refs/heads/main' },
};
const ok = { failed: false };

describe('interpolate', () => {
  it('reads contexts, falls back with ||, and calls GitHub’s functions', () => {
    expect(interpolate('dvc/${{ env.MODEL }}.dvc', contexts, ok)).toBe('dvc/spam.dvc');
    expect(interpolate(`\${{ vars.REPO || format('mainline-{0}', env.MODEL) }}`, contexts, ok)).toBe(
      'mainline-spam',
    );
    expect(interpolate('${{ steps.build.outputs.layout }}${{ steps.none.outputs.x }}', contexts, ok)).toBe(
      'out',
    );
  });

  it('never evaluates what a value holds', () => {
    const hostile = { ...contexts, env: { MODEL: '${{ github.ref }}' } };
    expect(interpolate('${{ env.MODEL }}', hostile, ok)).toBe('${{ github.ref }}');
  });

  it('names the expression that is wrong', () => {
    expect(() => interpolate('${{ nope.x }}', contexts, ok)).toThrow(/\$\{\{ nope\.x \}\}/);
  });
});

describe('isTrue', () => {
  it('means success() && … unless a status function is named', () => {
    expect(isTrue(undefined, contexts, { failed: true })).toBe(false);
    expect(isTrue(`env.MODEL == 'spam'`, contexts, ok)).toBe(true);
    expect(isTrue(`env.MODEL == 'spam'`, contexts, { failed: true })).toBe(false);
    expect(isTrue('failure()', contexts, { failed: true })).toBe(true);
    expect(isTrue('always()', contexts, { failed: true })).toBe(true);
    expect(isTrue(`vars.AWS_ROLE != ''`, contexts, ok)).toBe(false);
    expect(isTrue('${{ github.ref }}', contexts, ok)).toBe(true);
  });
});
