import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataError } from '../errors.ts';
import { loadDataset } from './load.ts';
import { locateSpamAssassin, readSpamAssassin } from './spam-assassin.ts';

const labels = ['ham', 'spam'];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'corpus-'));
  for (const name of ['easy-ham-1', 'easy-ham-2', 'hard-ham-1', 'spam-1', 'spam-2'])
    mkdirSync(join(folder, name));
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (path: string, content: string) => writeFileSync(join(folder, path), content);
const read = (progress?: (done: number, total: number) => void) =>
  readSpamAssassin({ folder, version: '9' }, labels, progress);

describe('readSpamAssassin', () => {
  it('reads .txt files in order, the label from the folder, subject and body only', async () => {
    put('spam-1/2.txt', 'From x\nSubject: Offer\nReceived: by relay\n\nA very good offer for you');
    put('easy-ham-1/1.txt', 'Subject: [List] Lunch\n\nShall we meet for lunch today?');
    put('easy-ham-1/1.json', 'never read');
    const { documents, version } = await read();
    expect(version).toBe('9');
    expect(documents.map(({ id, label, text }) => [id, label, text])).toEqual([
      ['easy-ham-1/1', 0, 'Lunch\n\nShall we meet for lunch today?'],
      ['spam-1/2', 1, 'Offer\n\nA very good offer for you'],
    ]);
  });

  it('compares bodies, or the whole text where the body is all but empty', async () => {
    put('spam-1/1.txt', 'Subject: a\n\nThe same long body in both of them');
    put('spam-1/2.txt', 'Subject: b\n\nThe same long body in both of them 77');
    put('spam-1/3.txt', 'Subject: a long subject and no body\n\n');
    const contents = (await read()).documents.map(({ content }) => content);
    expect(contents[0]).toBe(contents[1]);
    expect(contents[2]).toBe('a long subject and no body');
  });

  it('drops and counts mails that are broken or all but empty', async () => {
    put(
      'spam-1/1.txt',
      Array.from(
        { length: 1000 },
        (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`,
      ).join(''),
    );
    put('spam-1/2.txt', 'Subject: hi\n\n12345');
    put('spam-1/3.txt', 'Subject: hi\n\nThis one is long enough to stay');
    const { documents, notes } = await read();
    expect(documents).toHaveLength(1);
    expect(notes).toEqual(['3 mails read: 1 unreadable and 1 with fewer than 20 letters dropped']);
  });

  it('reports progress up to the end', async () => {
    put('spam-1/1.txt', 'x');
    const seen: string[] = [];
    await read((done, total) => seen.push(`${done}/${total}`));
    expect(seen).toEqual(['0/1', '1/1']);
  });

  it('names the folder that is missing, and labels that are not its own', async () => {
    rmSync(join(folder, 'spam-2'), { recursive: true });
    await expect(read()).rejects.toThrow(/lacks the folder .*spam-2/);
    await expect(readSpamAssassin({ folder, version: '9' }, ['good', 'bad'])).rejects.toThrow(DataError);
  });
});

describe('loadDataset on the real corpus', () => {
  it('gives the same 5,099 mails on every machine, none of them twice', async () => {
    const dataset = await loadDataset({ dataset: { source: 'spam-assassin' }, directory: folder, labels });
    const { train, dev, test, notes, sha256, version } = dataset;
    expect(version).toBe('0.2.3');
    expect(notes).toEqual([
      '6046 mails read: 0 unreadable and 11 with fewer than 20 letters dropped',
      '6035 texts: 522 exact and 414 near duplicates dropped; 5099 remain',
    ]);
    expect(
      [train, dev, test].map((split) => [split.length, split.filter(({ label }) => label === 1).length]),
    ).toEqual([
      [4086, 949],
      [503, 111],
      [510, 113],
    ]);
    expect(new Set([...train, ...dev, ...test].map(({ id }) => id)).size).toBe(5099);
    // It moves with the code that reads mails; then the model card's figures are to be taken again.
    expect(sha256).toBe('08c91bddffd11827204c835e8fabdc86b0a5847cfe78576a395f732ad27c1e83');
  });

  it('reads one of its mails as a reader would', async () => {
    const { folder: corpus } = locateSpamAssassin();
    const id = 'easy-ham-1/00001.7c53336b37003a9286aba55d2945844c';
    cpSync(join(corpus, `${id}.txt`), join(folder, `${id}.txt`));
    const { text } = (await read()).documents[0]!;
    expect(text).toMatch(/^Re: New Sequences Window\n\nDate: Wed, 21 Aug 2002/);
    expect(text).toMatch(/local routing issue I think\)\.$/);
  });
});
