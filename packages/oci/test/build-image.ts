import { join } from 'node:path';
import { type AssembledImage, type AssembleOptions, assemble } from '../src/assemble.ts';
import { scratch, writeFiles } from './scratch.ts';

/** Assembles an image of two small layers, app and model, in a folder of this test's own. */
export async function buildImage(
  files: { app?: Record<string, string>; model?: Record<string, string> } = {},
  options: Partial<AssembleOptions> = {},
): Promise<AssembledImage> {
  const folder = await scratch();
  await writeFiles(join(folder, 'app'), files.app ?? { 'index.mjs': 'export {}' });
  await writeFiles(join(folder, 'model'), files.model ?? { 'model.onnx': 'weights' });
  return await assemble({
    platform: 'linux/amd64',
    layers: [
      { name: 'app', from: join(folder, 'app'), to: '/var/task' },
      { name: 'model', from: join(folder, 'model'), to: '/var/task/model' },
    ],
    config: { command: ['index.handler'] },
    output: join(folder, 'image'),
    ...options,
  });
}
