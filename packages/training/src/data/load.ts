import type { Params } from '../params.ts';
import { type Dataset, toDataset } from './dataset.ts';
import { readFileDataset } from './files.ts';
import { locateSpamAssassin, readSpamAssassin } from './spam-assassin.ts';

/** Reads the dataset that params.yaml names, drops copies and splits it; throws `DataError`. */
export async function loadDataset(
  { dataset, directory, labels }: Pick<Params, 'dataset' | 'directory' | 'labels'>,
  options: { onProgress?: (done: number, total: number) => void } = {},
): Promise<Dataset> {
  const collection =
    dataset.source === 'file'
      ? readFileDataset(dataset, directory, labels)
      : await readSpamAssassin(locateSpamAssassin(), labels, options.onProgress);
  return toDataset(collection, labels);
}
