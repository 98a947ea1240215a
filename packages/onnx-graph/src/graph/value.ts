import type { DataType, Dimension } from '../model.ts';
import type { Graph } from './graph.ts';

/** What flows along an edge: a tensor that will exist when the graph runs. */
export interface Value {
  readonly graph: Graph;
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly Dimension[];
}
