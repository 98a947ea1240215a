import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assembleKernels } from '../assemble.ts';
import { Arena } from './kernels.ts';

describe('kernels', () => {
  it('are kernels.wat, assembled', async () => {
    const committed = await readFile(join(import.meta.dirname, 'kernels.wasm.ts'), 'utf8');
    expect(await assembleKernels(), 'run `pnpm --filter @mainline/training assemble`').toBe(committed);
  });

  it('mask about the asked part, each time anew, and the same for the same state', () => {
    const arena = new Arena(1 << 20);
    const masks = arena.float32(40_000);
    const state = arena.int32(4);
    const draw = () => {
      arena.kernels.mask(
        masks.byteOffset,
        masks.byteLength,
        state.byteOffset,
        Math.round(0.1 * 2 ** 16),
        1 / 0.9,
      );
      return masks.slice();
    };
    state.set([1, 2, 3, 4]);
    const first = draw();
    const second = draw();
    state.set([1, 2, 3, 4]);
    expect(draw()).toEqual(first);
    expect(second).not.toEqual(first);
    expect(new Set(second)).toEqual(new Set([0, Math.fround(1 / 0.9)]));
    // 40,000 draws at 0.1 have a standard deviation of 60.
    expect(Math.abs(second.filter((value) => value === 0).length - 4000)).toBeLessThan(400);
  });

  it('add rows, square and do nothing to an empty array', () => {
    const arena = new Arena(1024);
    const [a, b] = [arena.float32(8), arena.float32(8)];
    a.set([1, 2, 3, 4, 5, 6, 7, 8]);
    b.fill(10);
    const [to, from] = [arena.int32(3), arena.int32(3)];
    to.set([0, 1, 1]);
    from.set([1, 0, 1]);
    b.set([10, 20, 30, 40]);
    b.fill(1, 4);
    arena.kernels.addRows(a.byteOffset, b.byteOffset, to.byteOffset, from.byteOffset, 3, 16);
    expect([...a]).toEqual([2, 3, 4, 5, 16, 27, 38, 49]);
    expect(arena.kernels.sumOfSquares(a.byteOffset, 16)).toBe(4 + 9 + 16 + 25);
    arena.kernels.addRows(a.byteOffset, b.byteOffset, to.byteOffset, from.byteOffset, 0, 16);
    expect(a[0]).toBe(2);
    expect(arena.kernels.sumOfSquares(a.byteOffset, 0)).toBe(0);
  });

  it('refuse to hand out more than there is', () => {
    const arena = new Arena(1000);
    expect(() => arena.float32(1 << 20)).toThrow('is full');
    expect(() => new Arena(2 ** 33)).toThrow('the most is 4 GiB');
  });
});
