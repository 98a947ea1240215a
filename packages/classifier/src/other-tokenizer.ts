import { Tokenizer as Library } from '@huggingface/tokenizers';
import { UnsupportedTokenizer } from './errors.ts';
import type { Tokenizer } from './tokenizer.ts';
import { readPostProcessor } from './tokenizer-file.ts';

/** More of a text than any token makes of it: what lies beyond can't be among the tokens that are kept. */
const longestToken = 128;

/**
 * A tokenizer of any other kind than BERT's (BPE, Unigram, …) by Hugging Face's library. Slower to load and to run
 * than ours, and where Unicode's versions matter not always the Rust package's ids. Throws UnsupportedTokenizer on
 * what the library can't read either.
 */
export function openOtherTokenizer(json: unknown): Tokenizer {
  const file = json as {
    model?: { vocab?: unknown; unk_id?: unknown; unk_token?: unknown };
    added_tokens?: { id: number; content: string }[];
    post_processor?: unknown;
    padding?: { pad_id?: unknown } | null;
  };
  let library: Library;
  try {
    library = new Library(file, {});
    library.encode('');
  } catch (cause) {
    throw new UnsupportedTokenizer('is of a kind that @huggingface/tokenizers does not read', { cause });
  }
  const { before, after } = readPostProcessor(file.post_processor ?? null);
  const idOf = (...tokens: unknown[]): number | undefined =>
    tokens
      .map((token) => (typeof token === 'string' ? library.token_to_id(token) : token))
      .find((id) => typeof id === 'number');
  const padId = idOf(file.padding?.pad_id, '<pad>', '[PAD]') ?? 0;
  return {
    padId,
    unknownId: idOf(file.model?.unk_id, file.model?.unk_token, '<unk>', '[UNK]') ?? -1,
    vocabularySize: 1 + highestId(file),
    encode(text, maxTokens) {
      const room = maxTokens - before.length - after.length;
      if (room < 1) throw new RangeError(`maxTokens is ${maxTokens}: no room for a token of the text`);
      const readable = text.slice(0, maxTokens * longestToken);
      const { ids } = library.encode(readable, { add_special_tokens: false });
      const truncated = ids.length > room || readable.length < text.length;
      const all = [...before, ...ids.slice(0, room), ...after];
      // No model reads a text of no tokens.
      return { ids: Int32Array.from(all.length ? all : [padId]), truncated };
    },
  };
}

function highestId({
  model,
  added_tokens: added = [],
}: {
  model?: { vocab?: unknown };
  added_tokens?: { id: number }[];
}): number {
  const vocab = model?.vocab ?? {};
  // Unigram lists its pieces, the others map them to their ids.
  const ids = Array.isArray(vocab) ? [vocab.length - 1] : Object.values(vocab as Record<string, number>);
  return [...ids, ...added.map(({ id }) => id)].reduce((a, b) => Math.max(a, b), -1);
}
