import { BundleError } from './errors.ts';
import type { TokenizerFile } from './tokenizer-file.ts';
import { buildTable, type VocabularyTable } from './vocabulary.ts';

/** All that a tokenizer is at run time: a tokenizer.json with its vocabulary laid out for look-up. */
export interface CompiledTokenizer extends Omit<TokenizerFile, 'vocabulary'> {
  table: VocabularyTable;
  /** Rows that a model's embedding table needs: one more than the highest id. */
  vocabularySize: number;
}

/** Lays a tokenizer.json's vocabulary out. */
export function compile({ vocabulary, ...rest }: TokenizerFile): CompiledTokenizer {
  let highest = -1;
  for (const [, id] of vocabulary) highest = Math.max(highest, id);
  for (const { id } of rest.addedTokens) highest = Math.max(highest, id);
  return { ...rest, table: buildTable(vocabulary), vocabularySize: highest + 1 };
}

/** "MLT2": the file's first four bytes, its version with them. */
const magic = 0x32544c4d;
const headWords = 4;

/** The compiled tokenizer as a file: head, settings as JSON, slots, records; little-endian, as every platform we run on. */
export function writeCompiled({
  table: { slots, records, longest },
  ...settings
}: CompiledTokenizer): Uint8Array {
  const json = Buffer.from(JSON.stringify({ ...settings, longest }));
  const padded = Math.ceil(json.length / 4) * 4;
  const head = Uint32Array.of(magic, json.length, slots.length, records.length);
  const bytes = new Uint8Array(head.byteLength + padded + slots.byteLength + records.byteLength);
  let at = 0;
  for (const part of [head, json, slots, records]) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += Math.ceil(part.byteLength / 4) * 4;
  }
  return bytes;
}

/** Reads a compiled tokenizer in place, without building anything; throws a BundleError if the file is none. */
export function readCompiled(file: string, bytes: Uint8Array<ArrayBuffer>): CompiledTokenizer {
  // Small files come in a corner of a shared buffer that needn't be aligned.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const { buffer, byteOffset, byteLength } = aligned;
  const [found, json = 0, slots = 0, records = 0] =
    byteLength >= headWords * 4 ? new Uint32Array(buffer, byteOffset, headWords) : [];
  const slotsAt = headWords * 4 + Math.ceil(json / 4) * 4;
  if (found !== magic || byteLength !== slotsAt + slots * 4 + records * 2)
    throw new BundleError(file, 'is not a compiled tokenizer of this version', {
      hint: 'Export the model again',
    });
  const text = Buffer.from(buffer, byteOffset + headWords * 4, json).toString();
  const { longest, ...settings } = JSON.parse(text);
  return {
    ...settings,
    table: {
      slots: new Int32Array(buffer, byteOffset + slotsAt, slots),
      records: new Uint16Array(buffer, byteOffset + slotsAt + slots * 4, records),
      longest,
    },
  };
}
