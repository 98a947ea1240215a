import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { childText, document, element, group, parseXml } from './xml.ts';

it('any text survives being written and read', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const parsed = parseXml(document('Root', group('Inner', element('Key', text))));
      expect(childText(parsed.children[0]!, 'Key')).toBe(text);
    }),
  );
});

it('reads what clients send: a prolog, attributes, empty elements, entities', () => {
  const text = `<?xml version="1.0"?><!-- note --><Delete xmlns="http://x"><Object><Key>a&#x20;&amp;&#98;</Key></Object><Quiet/></Delete>`;
  const root = parseXml(text);
  expect(root.children.map(({ name }) => name)).toEqual(['Object', 'Quiet']);
  expect(childText(root.children[0]!, 'Key')).toBe('a &b');
});

describe('refuses', () => {
  it.each(['', 'text', '<a>', '<a></b>', '<a></a></a>', '<a/><b/>', '<', '<a><'])('%j', (text) => {
    expect(() => parseXml(text)).toThrow(expect.objectContaining({ code: 'MalformedXML' }));
  });

  it('nothing with any other error', () => {
    const unit = fc.constantFrom('<', '>', '/', 'a', '&', '#', 'x', ';', ' ', '!', '-', '?', '"');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
        try {
          parseXml(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'MalformedXML' });
        }
      }),
    );
  });
});
