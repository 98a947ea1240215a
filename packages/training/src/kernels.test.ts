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
      arena.kernels.mask(masks.byteOffset, masks.byteLength, state.byteOffset, 0.1 * 2 ** 31, 1 / 0.9);
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

  it('add, square and do nothing to an empty array', () => {
    const arena = new Arena(1024);
    const [a, b] = [arena.float32(8), arena.float32(8)];
    a.set([1, 2, 3, 4, 5, 6, 7, 8]);
    b.fill(10);
    arena.kernels.add(a.byteOffset, b.byteOffset, 16);
    expect([...a]).toEqual([11, 12, 13, 14, 5, 6, 7, 8]);
    expect(arena.kernels.sumOfSquares(a.byteOffset, 16)).toBe(121 + 144 + 169 + 196);
    arena.kernels.add(a.byteOffset, b.byteOffset, 0);
    expect(a[0]).toBe(11);
    expect(arena.kernels.sumOfSquares(a.byteOffset, 0)).toBe(0);
  });

  it('refuse to hand out more than there is', () => {
    const arena = new Arena(1000);
    expect(() => arena.float32(1 << 20)).toThrow('is full');
    expect(() => new Arena(2 ** 33)).toThrow('the most is 4 GiB');
  });
});
