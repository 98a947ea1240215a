import { compile } from 'html-to-text';
import PostalMime from 'postal-mime';
import { DataError } from '../errors.ts';

/** What of a mail may reach a model: no other header, since list headers give the label away. */
export interface Mail {
  subject: string;
  body: string;
}

const MAX_MAIL_BYTES = 8 * 1024 * 1024;
// Far more than any model here reads; it also bounds what unbalanced tags can cost the HTML parser.
const MAX_HTML_CHARS = 256 * 1024;

const htmlToText = compile({
  wordwrap: false,
  limits: { maxDepth: 100, ellipsis: '' },
  selectors: [
    { selector: 'a', options: { ignoreHref: true } },
    { selector: 'img', format: 'skip' },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
  ],
});

/** Parses one raw mail (RFC 5322 with MIME, mbox `From ` line allowed) to subject and plain text; throws `DataError`. */
export async function readMail(raw: Uint8Array): Promise<Mail> {
  if (raw.length > MAX_MAIL_BYTES) {
    throw new DataError(`a mail of ${raw.length} bytes is over the limit of ${MAX_MAIL_BYTES}`);
  }
  try {
    // A forwarded message stays an attachment: inlined, its own From and To would become text.
    const email = await PostalMime.parse(withoutMboxLine(raw), { forceRfc822Attachments: true });
    const html = email.html ? tidy(htmlToText(email.html.slice(0, MAX_HTML_CHARS))) : '';
    return { subject: tidy(email.subject ?? '').replaceAll('\n', ' '), body: html || tidy(email.text ?? '') };
  } catch (cause) {
    throw new DataError('a mail cannot be parsed', { cause });
  }
}

function withoutMboxLine(raw: Uint8Array): Uint8Array {
  const isMbox = Buffer.from(raw.subarray(0, 5)).toString('latin1') === 'From ';
  return isMbox ? raw.subarray(raw.indexOf(0x0a) + 1 || raw.length) : raw;
}

/** One space between words, at most one blank line between paragraphs; line by line, so long runs stay linear. */
function tidy(text: string): string {
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.replace(/\s+/g, ' ').trim());
  return lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
