import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import wabt from 'wabt';

const folder = join(import.meta.dirname, 'src');

/** kernels.wasm.ts as it should be for the kernels.wat that is there. */
export async function assembleKernels(): Promise<string> {
  const { parseWat } = await wabt();
  const module = parseWat('kernels.wat', await readFile(join(folder, 'kernels.wat'), 'utf8'), { simd: true });
  const base64 = Buffer.from(module.toBinary({}).buffer).toString('base64');
  const lines = base64.match(/.{1,100}/g) ?? [];
  return `/** kernels.wat, assembled: base64 of the WebAssembly module. */
export const kernelsWasm =
${lines.map((line) => `  '${line}'`).join(' +\n')};
`;
}

if (import.meta.main) await writeFile(join(folder, 'kernels.wasm.ts'), await assembleKernels());
