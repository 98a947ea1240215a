import { AwsError } from '../errors.ts';

/** An XML element as S3 uses them: either text or children, no attributes that matter. */
export interface Element {
  name: string;
  text: string;
  children: Element[];
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Escapes text for XML, carriage returns and control characters included (S3 keys may hold them). */
export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replace(/[\0-\x1f]/g, (char) => `&#x${char.charCodeAt(0).toString(16)};`);
}

/** `<name>…</name>`, already escaped; `undefined` content leaves the element out. */
export function element(name: string, content: string | number | boolean | undefined): string {
  return content === undefined ? '' : `<${name}>${escapeXml(String(content))}</${name}>`;
}

/** A group of already rendered elements. */
export function group(name: string, ...inner: string[]): string {
  return `<${name}>${inner.join('')}</${name}>`;
}

/** A whole S3 document. */
export function document(name: string, ...inner: string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner.join('')}</${name}>`;
}

const decodeEntities = (text: string) =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name) return entities[name] ?? whole;
    const point = hex ? Number.parseInt(hex, 16) : Number(decimal);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });

/** Parses the small documents clients send (no DTD, no CDATA); throws MalformedXML. */
export function parseXml(text: string): Element {
  const malformed = () =>
    new AwsError('MalformedXML', 'The XML you provided was not well-formed or did not validate');
  const root: Element = { name: '', text: '', children: [] };
  const open = [root];
  for (const [, closing, name, empty, chars] of text
    .replace(/<\?[^>]*\?>|<!--.*?-->/gs, '')
    .matchAll(/<(\/)?([\w:.-]+)[^<>]*?(\/)?>|([^<]+)|</g)) {
    const parent = open.at(-1)!;
    if (chars !== undefined) parent.text += decodeEntities(chars);
    else if (!name) throw malformed();
    else if (closing) {
      if (open.pop()!.name !== name) throw malformed();
    } else {
      const child = { name, text: '', children: [] };
      parent.children.push(child);
      if (!empty) open.push(child);
    }
  }
  if (open.length !== 1 || root.children.length !== 1) throw malformed();
  return root.children[0]!;
}

/** The text of the first child called `name`. */
export function childText(parent: Element, name: string): string | undefined {
  return parent.children.find((child) => child.name === name)?.text;
}
