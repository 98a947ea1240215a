import type { Readable } from 'node:stream';
import { RequestError, UnsupportedEvent } from '../errors.ts';
import { parseJson } from '../json.ts';

/** How an object's rows are written. */
export type Format = 'csv' | 'jsonl';

/** The format that a key's ending names; throws an UnsupportedEvent on any other. */
export function formatOf(key: string): Format {
  if (/\.csv(\.gz)?$/i.test(key)) return 'csv';
  if (/\.(jsonl|ndjson)(\.gz)?$/i.test(key)) return 'jsonl';
  throw new UnsupportedEvent(
    `${key} is neither .csv nor .jsonl, nor that with .gz: limit the bucket's notification to these endings`,
  );
}

/**
 * The rows of an object as they come: a CSV's as objects with the text, a JSONL's as they are, a RequestError in the
 * place of a line that isn't JSON or is longer than `mostBytes`. Blank lines are no rows.
 */
export async function* readRows(
  source: Readable,
  format: Format,
  mostBytes: number,
): AsyncGenerator<unknown> {
  if (format === 'csv') {
    const { parseCsv } = await import('../aws.ts');
    yield* parseCsv(source, mostBytes);
    return;
  }
  for await (const line of readLines(source, mostBytes))
    if (line === undefined)
      yield new RequestError(413, 'too_large', `The line has more than ${mostBytes} bytes.`);
    else if (line.trim() !== '') yield parse(line);
}

/** Lines without their ends; undefined stands for one that is too long, of which no more than that is ever held. */
async function* readLines(source: Readable, mostBytes: number): AsyncGenerator<string | undefined> {
  let parts: Buffer[] = [];
  let sizeBytes = 0;
  const take = (): string | undefined => {
    const line = sizeBytes > mostBytes ? undefined : Buffer.concat(parts).toString();
    parts = [];
    sizeBytes = 0;
    return line;
  };
  for await (const chunk of source as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      add(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  if (sizeBytes > 0) yield take();

  function add(part: Buffer): void {
    sizeBytes += part.length;
    if (sizeBytes <= mostBytes) parts.push(part);
  }
}

function parse(line: string): unknown {
  try {
    return parseJson(line, 'The line');
  } catch (error) {
    return error;
  }
}
