import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from '@mainline/classifier';
import { afterAll, beforeAll } from 'vitest';
import { makeHandler } from '../src/handler.ts';
import { readLimits } from '../src/limits.ts';
import type { Service } from '../src/service.ts';
import { writeBundle } from './bundle.ts';

/** A handler over a real, tiny model; `logged` has every line it wrote, metrics go nowhere. */
export async function startHandler(change: Partial<Service> = {}) {
  const folder = writeBundle(mkdtempSync(join(tmpdir(), 'handler-')));
  const classifier = await load(folder);
  afterAll(async () => {
    await classifier.dispose();
    rmSync(folder, { recursive: true });
  });
  const logged: Record<string, unknown>[] = [];
  const handler = makeHandler({
    classifier,
    limits: readLimits({ MAX_TEXTS: '4' }),
    allowOrigin: '*',
    resultsQueueUrl: '',
    log: (level, message, fields) => logged.push(JSON.parse(JSON.stringify({ level, message, ...fields }))),
    metrics: { record() {}, publish() {} },
    ...change,
  });
  return { handler, logged, classifier, manifest: classifier.manifest };
}

/** Points the official AWS clients of this test file at a server of its own. */
export function useAwsAt(
  start: () => Promise<{ env: Record<string, string>; close(): Promise<void> }>,
): void {
  let server: Awaited<ReturnType<typeof start>>;
  const before = { ...process.env };
  beforeAll(async () => {
    server = await start();
    Object.assign(process.env, server.env);
  });
  afterAll(async () => {
    process.env = before;
    await server.close();
  });
}

/** Once the answers are out, the function writes what it has to say of them. */
export const written = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
