import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Checkout, contentKey } from './checkout.ts';

/** What a trained model depends on; while none of it changes, training again would give the same bytes. */
const inputs = (model: string) => [
  'packages/training/src',
  'packages/onnx-graph/src',
  'packages/classifier/src',
  'pnpm-lock.yaml',
  `models/${model}/params.yaml`,
];

/** Remembers which inputs the bundle in a checkout was trained from. */
export function trainedStamp(home: string, checkout: Checkout, model: string) {
  const file = join(home, `trained-${model}`);
  const manifest = join(checkout.dir, 'models', model, 'model/manifest.json');
  const key = contentKey(checkout, inputs(model));
  return {
    isCurrent: () => existsSync(file) && readFileSync(file, 'utf8') === key && existsSync(manifest),
    clear: () => rmSync(file, { force: true }),
    set: () => writeFileSync(file, key),
  };
}
