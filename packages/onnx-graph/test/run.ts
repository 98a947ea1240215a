import { InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeModel, type Graph } from '../src/index.ts';

export interface Feed {
  shape: number[];
  data: Float32Array | BigInt64Array;
}

/** Runs a graph on ONNX Runtime, the judge we did not write. */
export async function openGraph(graph: Graph) {
  const session = await InferenceSession.create(encodeModel(graph.toModel()), {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  return async (
    feeds: Record<string, Feed>,
  ): Promise<Record<string, { dims: readonly number[]; data: number[] }>> => {
    const tensors = Object.entries(feeds).map(([name, { shape, data }]) => [
      name,
      data instanceof Float32Array ? new Tensor('float32', data, shape) : new Tensor('int64', data, shape),
    ]);
    const results = await session.run(Object.fromEntries(tensors));
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [
        name,
        { dims: tensor.dims, data: Array.from(tensor.data, Number) },
      ]),
    );
  };
}
