import {
  add,
  cast,
  type Dimension,
  divide,
  type Graph,
  gather,
  gelu,
  layerNorm,
  linear,
  matmul,
  maximum,
  modulo,
  multiply,
  negate,
  pad,
  reshape,
  softmax,
  subtract,
  sum,
  transpose,
  type Value,
} from '@mainline/onnx-graph';
import type { ModelShape } from './hyperparameters.ts';

export interface EncoderSources {
  /** The weights: graph inputs while training, constants in what is exported. */
  parameter: (name: string) => Value;
  /** Zeroes part of the activations at a named place; left out, nothing is dropped. */
  dropout?: (x: Value, site: string) => Value;
}

/** BERT keeps this small; every layer norm here uses it. */
const epsilon = 1e-12;
// Added to the scores of padding: its share becomes exactly 0, and a window of nothing else stays finite.
const masked = -10_000;
// Any odd number spreads the first id of a pair over the table.
const pairFactor = 7919;

/** The bigram table's row for two neighbouring token ids; the graph computes the same. */
export function bigramRow(previous: number, current: number, rows: number): number {
  return (previous * pairFactor + current) % rows;
}

/**
 * The classifier, from token ids to logits [batch, labels]: word and bigram rows, then BERT's post-norm layers over
 * windows of `windowTokens` (so the work grows with the text and not with its square), then the mean over the tokens.
 * Training and export both call this. `rows` are the looked-up table rows, tracked, so that their gradient can be asked for.
 */
export function encoder(
  graph: Graph,
  shape: ModelShape,
  { parameter, dropout = (x) => x }: EncoderSources,
): { logits: Value; rows: Value } {
  const { hidden, heads, windowTokens: window } = shape;
  const tokens = `${window}*windows`;
  const flat: Dimension[] = [`batch*${tokens}`, hidden];
  const windows: Dimension[] = ['batch*windows', window, hidden];

  const inputIds = graph.input('input_ids', ['batch', 'sequence'], 'int64');
  const attentionMask = graph.input('attention_mask', ['batch', 'sequence'], 'int64');
  const ids = padToWindows(inputIds, window, tokens);
  const keep = cast(padToWindows(attentionMask, window, tokens), 'float32');

  const words = gather(parameter('embedding.word'), ids);
  const bigrams = gather(parameter('embedding.bigram'), pairIds(ids, shape.bigramRows));
  const rows = graph.track(add(words, bigrams));
  const placed = add(reshape(rows, windows), parameter('embedding.position'));
  const norm = (x: Value, name: string) =>
    layerNorm(x, parameter(`${name}.gain`), parameter(`${name}.offset`), epsilon);
  const dense = (x: Value, name: string) => linear(x, parameter(`${name}.weight`), parameter(`${name}.bias`));
  let x = dropout(norm(reshape(placed, flat), 'embedding.norm'), 'embedding');

  const bias = multiply(
    subtract(graph.scalar(1), reshape(keep, ['batch*windows', 1, 1, window])),
    graph.scalar(masked),
  );
  for (let layer = 0; layer < shape.layers; layer++) {
    const name = `layer.${layer}`;
    const byHead = (role: string) => splitHeads(dense(x, `${name}.${role}`), windows, heads);
    const scale = 1 / Math.sqrt(hidden / heads);
    const scores = matmul(byHead('query'), byHead('key'), { transposeB: true, scale });
    const context = matmul(softmax(add(scores, bias)), byHead('value'));
    const attended = dense(joinHeads(context, flat), `${name}.attention`);
    x = norm(add(x, dropout(attended, `${name}.attention`)), `${name}.attention.norm`);

    const inner = gelu(dense(x, `${name}.feedforward.in`));
    const outer = dense(inner, `${name}.feedforward.out`);
    x = norm(add(x, dropout(outer, `${name}.feedforward`)), `${name}.feedforward.norm`);
  }

  const kept = reshape(keep, ['batch', tokens, 1]);
  const total = sum(multiply(reshape(x, ['batch', tokens, hidden]), kept), [1], { squeeze: true });
  const count = maximum(sum(kept, [1], { squeeze: true }), graph.scalar(1));
  const logits = dense(dropout(divide(total, count), 'pooled'), 'classifier');
  return { logits, rows };
}

/** [N, hidden] → [batch*windows, heads, window, hidden / heads]; with one head the numbers stay where they are. */
function splitHeads(x: Value, windows: readonly Dimension[], heads: number): Value {
  const [count, window, hidden] = windows as [Dimension, number, number];
  if (heads === 1) return reshape(x, [count, 1, window, hidden]);
  return transpose(reshape(x, [count, window, heads, hidden / heads]), [0, 2, 1, 3]);
}

function joinHeads(x: Value, flat: readonly Dimension[]): Value {
  return reshape(x.shape[1] === 1 ? x : transpose(x, [0, 2, 1, 3]), flat);
}

/** Zeros after the last token, up to the end of its window. */
function padToWindows(x: Value, window: number, tokens: string): Value {
  const { graph } = x;
  const missing = modulo(negate(graph.dimension('sequence')), graph.integer(window));
  const [pads] = graph.emit(
    'Concat',
    [graph.integers([0, 0, 0]), missing],
    [{ shape: [4], dtype: 'int64' }],
    {
      axis: { int: 0 },
    },
  );
  return pad(x, pads!, ['batch', tokens]);
}

/** Each token's row in the bigram table; the first token's neighbour is the padding, id 0. */
function pairIds(ids: Value, rows: number): Value {
  const { graph } = ids;
  const previous = pad(ids, graph.integers([0, 1, 0, -1]), ids.shape);
  return modulo(add(multiply(previous, graph.integer(pairFactor)), ids), graph.integer(rows));
}
