export type { Classifier, Prediction, Timing } from './classify.ts';
export { drift, type Measure, makeReference, parseReference, type Reference } from './drift.ts';
export { BundleError } from './errors.ts';
export { type ImportOptions, importModel } from './import-model.ts';
export { type LoadOptions, load } from './load.ts';
export {
  bundleVersion,
  type FileRecord,
  type Manifest,
  type ManifestDataset,
  type ManifestMetrics,
  parseManifest,
  type ServingFiles,
  type TensorSpec,
} from './manifest.ts';
export { type Normalization, normalize, splitWords } from './normalize.ts';
export { type Prepared, prepare } from './prepare.ts';
export { parseTokenizer, type Tokenizer } from './tokenizer.ts';
