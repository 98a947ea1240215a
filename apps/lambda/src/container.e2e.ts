import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { build } from '../build.ts';
import { writeBundle } from '../test/bundle.ts';
import { type Dockerd, hasDocker, startDockerd } from '../test/dockerd.ts';
import { loadBalancer, restApi, s3, sqs, v2 } from '../test/events.ts';

const why = hasDocker ? '' : ' (skipped: needs root, dockerd and docker)';
const test = it.skipIf(!hasDocker);
const scratch = mkdtempSync(join(tmpdir(), 'container-'));
const trained = join(import.meta.dirname, '../../../models/spam/model');

let dockerd: Dockerd;
beforeAll(async () => {
  if (!hasDocker) return;
  dockerd = await startDockerd();
  const root = join(scratch, 'root');
  await build({ platform: `${process.platform}/${process.arch}`, output: join(scratch, 'built') });
  writeSystem(root);
  for (const layer of ['runtime', 'app'])
    cpSync(join(scratch, 'built', layer), join(root, 'var/task'), { recursive: true });
  // The model that the demo trains, where it has been; the tests' own otherwise.
  if (existsSync(join(trained, 'manifest.json')))
    cpSync(trained, join(root, 'var/task/model'), { recursive: true });
  else writeBundle(join(root, 'var/task/model'));
  const tar = execFileSync('tar', ['-C', root, '-c', '.'], { maxBuffer: 1 << 30 });
  dockerd.docker(['import', '-', 'function'], tar);
});
afterAll(async () => {
  await dockerd?.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** Node and the libraries it needs: what of Lambda's base image a function can't do without. */
function writeSystem(root: string): void {
  const node = realpathSync(process.execPath);
  mkdirSync(join(root, 'var/lang/bin'), { recursive: true });
  mkdirSync(join(root, 'tmp'));
  copyFileSync(node, join(root, 'var/lang/bin/node'));
  const library = join(
    scratch,
    `built/runtime/node_modules/onnxruntime-node/bin/napi-v6/linux/${process.arch}/libonnxruntime.so.1`,
  );
  const linked = execFileSync('ldd', [node, library], { encoding: 'utf8' });
  for (const [, path] of linked.matchAll(/(?:=> |^\s*)(\/\S+) \(/gm)) {
    mkdirSync(join(root, dirname(path!)), { recursive: true });
    copyFileSync(path!, join(root, path!));
  }
}

/** Runs the function as Lambda would: no network, nothing to write on but /tmp, not root, 512 MB. */
function run(events: unknown[], memory = '512m') {
  const file = join(scratch, 'events.json');
  writeFileSync(file, JSON.stringify(events));
  const driver = join(import.meta.dirname, '../test/in-container.mjs');
  const flags = [
    ...[
      'run',
      '--rm',
      '--network=none',
      '--read-only',
      '--tmpfs=/tmp:mode=1777',
      '--user=993:990',
      `--memory=${memory}`,
    ],
    ...[
      '-e',
      'LAMBDA_TASK_ROOT=/var/task',
      '-v',
      `${driver}:/driver.mjs:ro`,
      '-v',
      `${file}:/events.json:ro`,
    ],
  ];
  return dockerd.run([...flags, 'function', '/var/lang/bin/node', '/driver.mjs']);
}

test(`answers every kind of event without network, root or a disk${why}`, () => {
  const body = '{"text":"Free winner!"}';
  const { initMs, answers, readOnly, uid, rssMb, log } = run([
    { text: 'Free winner!' },
    v2('POST', '/predict', { body }),
    restApi('POST', '/predict', body),
    loadBalancer('POST', '/predict', body, true),
    sqs([
      { id: '1', body },
      { id: '2', body: '' },
    ]),
    s3('texts', ['in.jsonl.predictions.jsonl']),
    { source: 'aws.events', 'detail-type': 'Scheduled Event' },
    v2('GET', '/'),
    { Records: [{ EventSource: 'aws:sns' }] },
  ]);
  const predicted = { predictions: [{ label: 'spam' }] };
  expect(answers[0]).toMatchObject(predicted);
  for (const answer of answers.slice(1, 4)) {
    expect(answer).toMatchObject({ statusCode: 200 });
    expect(JSON.parse(`${answer.body}`)).toMatchObject(predicted);
  }
  expect(answers.slice(4)).toEqual([
    { batchItemFailures: [{ itemIdentifier: '2' }] },
    { objects: [expect.objectContaining({ skipped: true })] },
    { warm: true },
    expect.objectContaining({ statusCode: 200 }),
    { thrown: expect.stringContaining('UnsupportedEvent: No event known here') },
  ]);
  expect({ readOnly, uid }).toEqual({ readOnly: true, uid: 993 });
  // Lambda gives INIT ten seconds.
  expect(initMs).toBeLessThan(10_000);
  expect(rssMb).toBeLessThan(256);
  const kinds = log.flatMap((line) => (line.message === 'invocation' ? [line.kind] : []));
  expect(kinds).toContain('SQS messages');
});

test(`repeats its bundle's golden answers${why}`, () => {
  const folder = join(scratch, 'root/var/task/model');
  const { cases, tolerance } = JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8'));
  const { answers } = run([{ texts: cases.map(({ text }: { text: string }) => text) }]);
  for (const [i, { label, scores }] of cases.entries()) {
    const prediction = answers[0]!.predictions![i]!;
    expect(prediction.label).toBe(label);
    for (const [name, score] of Object.entries<number>(scores))
      expect(Math.abs(prediction.scores[name]! - score)).toBeLessThanOrEqual(tolerance);
  }
});

test(`in the smallest memory that Lambda sells, it still loads${why}`, () => {
  expect(run([{ text: 'free' }], '128m').answers[0]).toMatchObject({ predictions: [expect.anything()] });
});
