export { type Baseline, trainBaseline } from './baseline.ts';
export { type BundleParts, type GoldenCase, writeBundle } from './bundle.ts';
export type { Dataset, Example } from './data/dataset.ts';
export { loadDataset } from './data/load.ts';
export { evaluate, type Metrics } from './metrics.ts';
export { type Params, readParams } from './params.ts';
export { type ReportCase, type ReportInput, report } from './report/report.ts';
export { learnWordPiece } from './vocabulary.ts';
