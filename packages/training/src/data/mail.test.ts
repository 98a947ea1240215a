import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../errors.ts';
import { readMail } from './mail.ts';

const mail = (head: string[], body: string) => Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1');
const html = (body: string) => mail(['Content-Type: text/html; charset=utf-8'], body);

describe('readMail', () => {
  it('reads subject and text and nothing of the other headers', async () => {
    const raw = mail(
      [
        'From sender@list Thu Aug 22 12:36:23 2002',
        'From: A <a@x.org>',
        'List-Id: <geeks>',
        'Subject: Hi',
        'To: b@x.org',
      ],
      'First line\r\nsecond  line\r\n\r\n\r\n\r\nlast',
    );
    expect(await readMail(raw)).toEqual({ subject: 'Hi', body: 'First line\nsecond line\n\nlast' });
  });

  it('decodes encoded words, quoted-printable and charsets', async () => {
    const raw = mail(
      [
        'Subject: =?iso-8859-1?Q?Gr=FC=DFe?=',
        'Content-Type: text/plain; charset=koi8-r',
        'Content-Transfer-Encoding: quoted-printable',
      ],
      '=D0=D2=C9=D7=C5=D4',
    );
    expect(await readMail(raw)).toEqual({ subject: 'Grüße', body: 'привет' });
  });

  it('makes text of HTML without links, images, scripts or shouting headings', async () => {
    const raw = html(
      '<h1>Hello</h1><script>alert(1)</script><p>Click <a href="http://x.org/?id=7">here</a> &amp; win<img src=x>',
    );
    expect(await readMail(raw)).toEqual({ subject: '', body: 'Hello\n\nClick here & win' });
  });

  it('prefers HTML, and falls back to plain text when the HTML shows nothing', async () => {
    const alternative = (rich: string) =>
      mail(
        ['Content-Type: multipart/alternative; boundary=b'],
        `--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n--b\r\nContent-Type: text/html\r\n\r\n${rich}\r\n--b--\r\n`,
      );
    expect((await readMail(alternative('<b>rich</b>'))).body).toBe('rich');
    expect((await readMail(alternative('<img src=x>'))).body).toBe('plain');
  });

  it('keeps the headers of a forwarded message out of the text', async () => {
    const raw = mail(
      ['Content-Type: multipart/mixed; boundary=b'],
      '--b\r\n\r\nsee below\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: secret@x.org\r\nSubject: s\r\n\r\ninner\r\n--b--\r\n',
    );
    expect((await readMail(raw)).body).toBe('see below');
  });

  it('leaves attachments out, however big', async () => {
    const line = `${'QUJD'.repeat(19)}\r\n`;
    const raw = mail(
      ['Content-Type: multipart/mixed; boundary=b'],
      `--b\r\n\r\nnote\r\n--b\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n${line.repeat(50_000)}--b--\r\n`,
    );
    expect((await readMail(raw)).body).toBe('note');
  });

  it('refuses a mail over the size limit', async () => {
    await expect(readMail(new Uint8Array(9 * 1024 * 1024))).rejects.toThrow('over the limit');
  });

  // Each of these would run for hours, or exhaust the stack, in a parser that is not linear in them.
  it.each([
    ['a million spaces without a line end', mail(['Subject: x'], `a${' '.repeat(1e6)}b`), 'a b'],
    ['100,000 blank lines', mail([], `a${'\n'.repeat(1e5)}b`), 'a\n\nb'],
    ['50,000 nested elements', html(`${'<b>'.repeat(5e4)}deep`), undefined],
    ['tags that never close', html(`text${'<a '.repeat(3e5)}`), undefined],
    ['closing tags that match nothing', html(`${'<i>'.repeat(3e4)}${'</b>'.repeat(3e4)}`), undefined],
    ['comments that never close', html('<!--'.repeat(2e5)), undefined],
    ['unclosed encoded words', mail([`Subject: ${'=?utf-8?Q?'.repeat(5e4)}`], 'x'), 'x'],
    ['a header of a megabyte', mail([`X-Long: ${'a;='.repeat(3e5)}`, 'Subject: s'], 'x'), 'x'],
  ])('survives %s', async (_name, raw, body) => {
    const read = await readMail(raw);
    if (body !== undefined) expect(read.body).toBe(body);
  });

  it('refuses MIME parts nested without end', async () => {
    const parts = Array.from(
      { length: 1000 },
      (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
    );
    await expect(readMail(Buffer.from(parts.join('')))).rejects.toThrow(DataError);
  });

  it('either reads or refuses any bytes', async () => {
    const noise = fc.uint8Array({ maxLength: 400 });
    const structure = fc.constantFrom(
      ...[
        'Content-Type: multipart/mixed; boundary=b\r\n',
        '--b\r\n',
        '--b--\r\n',
        '\r\n',
        'Content-Type: text/html\r\n',
      ],
      ...[
        'Content-Transfer-Encoding: base64\r\n',
        'Content-Type: text/plain; charset=nonsense\r\n',
        'Subject: =?x?B?',
        '<p>',
        '&#x;',
      ],
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            noise,
            structure.map((part) => Buffer.from(part)),
          ),
          { maxLength: 20 },
        ),
        async (parts) => {
          try {
            const { subject, body } = await readMail(Buffer.concat(parts));
            expect(subject).not.toContain('\n');
            expect(body).toBe(body.trim());
          } catch (error) {
            expect(error).toBeInstanceOf(DataError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
