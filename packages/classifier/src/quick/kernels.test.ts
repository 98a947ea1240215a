import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { assembleKernels } from '../../assemble.ts';

it('the kernels are kernels.wat.ts, assembled', async () => {
  const committed = readFileSync(join(import.meta.dirname, 'kernels.wasm.ts'), 'utf8');
  expect(await assembleKernels(), 'run `pnpm --filter @mainline/classifier assemble`').toBe(committed);
});
