import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  const stamp = join(home, `trained-${model}`);
  const saved = `${stamp}.metrics.json`;
  const folder = join(checkout.dir, 'models', model);
  const metrics = join(folder, 'metrics.json');
  const key = contentKey(checkout, inputs(model));
  return {
    isCurrent: () =>
      existsSync(stamp) &&
      existsSync(saved) &&
      readFileSync(stamp, 'utf8') === key &&
      existsSync(join(folder, 'model/manifest.json')),
    /** The metrics are committed with the pointer, so a checkout of the commit before it has lost them. */
    restoreMetrics: () => copyFileSync(saved, metrics),
    clear: () => rmSync(stamp, { force: true }),
    set: () => {
      copyFileSync(metrics, saved);
      writeFileSync(stamp, key);
    },
  };
}
