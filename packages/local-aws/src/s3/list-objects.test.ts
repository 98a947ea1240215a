import fc from 'fast-check';
import { expect, it } from 'vitest';
import { listPage } from './list-objects.ts';

const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** What S3's documentation says a listing is, written down without paging. */
function everything(keys: string[], prefix: string, delimiter: string): string[] {
  const shown = keys
    .filter((key) => key.startsWith(prefix))
    .map((key) => {
      const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      return cut < 0 ? key : key.slice(0, cut + delimiter.length);
    });
  return [...new Set(shown)].sort(compare);
}

const key = fc.string({ unit: fc.constantFrom('a', 'b', '/', 'ü', '\u{1F600}', '\uFF46'), maxLength: 6 });

it('pages of any size add up to the whole listing, in byte order', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(key, { maxLength: 20 }),
      fc.constantFrom('', 'a', 'a/', '/'),
      fc.constantFrom('', '/', '//'),
      fc.integer({ min: 1, max: 5 }),
      (unsorted, prefix, delimiter, maxKeys) => {
        const keys = unsorted.filter((one) => one !== '').sort(compare);
        const seen: string[] = [];
        let after: string | undefined = '';
        while (after !== undefined) {
          const page = listPage(keys, { prefix, delimiter, after, maxKeys });
          const names = [...page.keys, ...page.prefixes].sort(compare);
          expect(names.length).toBeLessThanOrEqual(maxKeys);
          seen.push(...names);
          after = page.next;
        }
        expect(seen).toEqual(everything(keys, prefix, delimiter));
      },
    ),
  );
});

it('a page of no keys is empty and complete', () => {
  expect(listPage(['a'], { prefix: '', delimiter: '', after: '', maxKeys: 0 })).toEqual({
    keys: [],
    prefixes: [],
  });
});
