/** Writes a row's tokens into a batch's input, `stride` words each; what isn't written stays 0. */
export type Write = (
  words: Int32Array,
  row: Int32Array,
  at: number,
  length: number,
  stride: number,
  padId: number,
) => void;

/** What a BERT-style model may ask for. */
export const knownInputs: Record<string, Write> = {
  input_ids(words, row, at, length, stride, padId) {
    for (let i = 0; i < length; i++) words[(at + i) * stride] = i < row.length ? row[i]! : padId;
  },
  attention_mask(words, row, at, length, stride) {
    for (let i = 0; i < length; i++) words[(at + i) * stride] = i < row.length ? 1 : 0;
  },
  token_type_ids() {},
};
