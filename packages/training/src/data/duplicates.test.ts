import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dropDuplicates, normalise } from './duplicates.ts';

const documents = (...contents: string[]) => contents.map((content) => ({ content, label: 0 }));
const kept = (contents: string[]) =>
  dropDuplicates(documents(...contents)).kept.map(({ content }) => content);
/** `count` words no other call with another seed shares. */
const words = (seed: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${seed}${'x'.repeat(i)}`);

describe('normalise', () => {
  it('leaves the words: no case, digits, punctuation, links or addresses', () => {
    expect(normalise('Dear BOB-7,\n see http://x.org/?a=b or www.y.org, write to bob@x.org! ')).toBe(
      'dear bob see or write to',
    );
    expect(normalise('Größe 日本語')).toBe('größe 日本語');
    expect(normalise(' 12 % ')).toBe('');
  });

  it('takes a token of a million words', () => {
    expect(normalise('a1'.repeat(1e6))).toHaveLength(2e6 - 1);
  });
});

describe('dropDuplicates', () => {
  it('keeps the first of equal texts', () => {
    const { kept, counts } = dropDuplicates([
      { content: 'a', label: 0, id: 1 },
      { content: 'b', label: 0, id: 2 },
      { content: 'a', label: 0, id: 3 },
    ]);
    expect(kept.map(({ id }) => id)).toEqual([1, 2]);
    expect(counts).toEqual({ exact: 1, near: 0, conflicting: 0 });
  });

  it('drops both sides when the same text has two labels', () => {
    const { kept, counts } = dropDuplicates([
      { content: 'a', label: 0 },
      { content: 'a', label: 1 },
      { content: 'b', label: 1 },
    ]);
    expect(kept).toEqual([{ content: 'b', label: 1 }]);
    expect(counts.conflicting).toBe(2);
  });

  it('drops a near copy at Jaccard .7 and keeps one just below', () => {
    // n words have n - 3 shingles. Replacing the tail of 100 leaves `same` shared of 97 + 97 - same.
    const base = words('a', 100);
    const copy = (tail: number) => [...base.slice(0, 100 - tail), ...words('b', tail)].join(' ');
    // 80 shared of 114: .702; 79 of 115: .687.
    expect(kept([base.join(' '), copy(17)])).toHaveLength(1);
    expect(kept([base.join(' '), copy(18)])).toHaveLength(2);
  });

  it('keeps near copies under different labels', () => {
    const base = words('a', 50).join(' ');
    expect(
      dropDuplicates([
        { content: base, label: 0 },
        { content: `${base} more`, label: 1 },
      ]).kept,
    ).toHaveLength(2);
  });

  it('handles texts shorter than a shingle', () => {
    expect(kept(['one two', 'one two three', 'two one', 'one'])).toHaveLength(4);
  });

  it('agrees with comparing every pair', () => {
    const word = fc.constantFrom('a', 'b', 'c', 'd');
    const text = fc.array(word, { minLength: 1, maxLength: 14 }).map((list) => list.join(' '));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 30 }), (contents) => {
        const expected: string[] = [];
        for (const content of new Set(contents)) {
          if (expected.every((other) => jaccard(content, other) < 0.7)) expected.push(content);
        }
        expect(kept(contents)).toEqual(expected);
      }),
    );
  });

  it('is done with what it kept: a second pass drops nothing', () => {
    const text = fc
      .array(fc.constantFrom('x', 'y', 'z'), { minLength: 1, maxLength: 10 })
      .map((list) => list.join(' '));
    fc.assert(
      fc.property(fc.array(text), (contents) => {
        const first = kept(contents);
        expect(kept(first)).toEqual(first);
      }),
    );
  });
});

function jaccard(a: string, b: string): number {
  const [x, y] = [a, b].map((text) => {
    const list = text.split(' ');
    return new Set(
      Array.from({ length: Math.max(1, list.length - 3) }, (_, i) => list.slice(i, i + 4).join(' ')),
    );
  });
  return x!.intersection(y!).size / x!.union(y!).size;
}
