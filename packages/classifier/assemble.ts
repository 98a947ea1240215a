import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import wabt from 'wabt';
import { kernelsWat } from './kernels/kernels.wat.ts';

/** src/quick/kernels.wasm.ts as it should be for the kernels that are there. */
export async function assembleKernels(): Promise<string> {
  const { parseWat } = await wabt();
  const module = parseWat('kernels.wat', kernelsWat, { simd: true });
  const base64 = Buffer.from(module.toBinary({}).buffer).toString('base64');
  const lines = base64.match(/.{1,100}/g) ?? [];
  return `/** kernels/kernels.wat.ts, assembled: base64 of the WebAssembly module. */
export const kernelsWasm =
${lines.map((line) => `  '${line}'`).join(' +\n')};
`;
}

if (import.meta.main)
  writeFileSync(join(import.meta.dirname, 'src/quick/kernels.wasm.ts'), await assembleKernels());
