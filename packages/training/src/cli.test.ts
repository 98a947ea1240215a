import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from '@mainline/classifier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { seeded } from './random.ts';

const cli = join(import.meta.dirname, 'cli.ts');
let home: string;
let model: string;

const params = `name: tiny
dataset: { source: file, path: data.jsonl, text: text, label: label }
labels: [calm, loud]
tokenizer: { size: 200, lowercase: true }
model: { layers: 1, hidden: 16, heads: 2, feedForward: 32, maxTokens: 24, windowTokens: 8, bigramRows: 64 }
training:
  { epochs: 3, batchSize: 16, learningRate: 0.01, warmup: 0.1, weightDecay: 0.01, clipNorm: 1, dropout: 0.1,
    wordDropout: 0.05, seed: 1 }
golden: [the quiet river, shouting engines]
`;

/** Sentences about rivers and engines, which a model can tell apart. */
function sentences(): string {
  const random = seeded(1);
  const words = {
    calm: ['river', 'quiet', 'meadow', 'slow', 'evening', 'leaf'],
    loud: ['engine', 'shouting', 'drum', 'siren', 'thunder', 'crash'],
  };
  const shared = ['the', 'a', 'near', 'with', 'and', 'town', 'house', 'day', 'people', 'road'];
  const pick = (list: string[]) => list[Math.floor(random() * list.length)]!;
  return Array.from({ length: 600 }, (_, index) => {
    const label = index % 2 ? 'loud' : 'calm';
    const text = Array.from({ length: 9 }, (_, at) => pick(at % 4 === 2 ? words[label] : shared)).join(' ');
    return `${JSON.stringify({ text: `${text} ${index * 7919}`, label })}\n`;
  }).join('');
}

function start(args: string[]): {
  child: ChildProcess;
  finished: Promise<{ code: number | null; text: string }>;
} {
  const child = spawn(process.execPath, [cli, ...args], { cwd: home });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      text += chunk;
    });
  return { child, finished: once(child, 'close').then(([code]) => ({ code, text })) };
}

const run = (...args: string[]) => start(args).finished;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'mainline-train-'));
  model = join(home, 'models/tiny');
  mkdirSync(model, { recursive: true });
  writeFileSync(join(model, 'params.yaml'), params);
  writeFileSync(join(model, 'data.jsonl'), sentences());
});

afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('training and exporting from the command line', () => {
  it('prints what it measured and leaves a bundle the classifier serves', async () => {
    const { code, text } = await run('models/tiny', '--commit', 'abc123');
    expect(text).toMatch(/epoch 3\/3 {2}loss 0\.\d{4} {2}dev accuracy \d+\.\d\d %/);
    expect(text).toMatch(/held out: \d+ texts/);
    expect(text).toMatch(/TF-IDF/);
    expect(text).toMatch(/said → +calm +loud/);
    expect(text).toMatch(/largest difference of a logit \d\.\de[+-]\d+ \(allowed 0\.001\)/);
    expect(code).toBe(0);

    const classifier = await load(join(model, 'model'));
    expect(classifier.manifest).toMatchObject({ name: 'tiny', labels: ['calm', 'loud'], commit: 'abc123' });
    expect(classifier.manifest.metrics!.accuracy).toBeGreaterThan(0.9);
    const [calm, loud] = await classifier.classify(['a slow evening near the river', 'drum and siren']);
    expect([calm!.label, loud!.label]).toEqual(['calm', 'loud']);

    const golden = JSON.parse(readFileSync(join(model, 'model/golden.json'), 'utf8'));
    const again = await classifier.classify(['the quiet river', 'shouting engines']);
    expect(golden.cases.map(({ scores }: { scores: object }) => scores)).toEqual(
      again.map(({ scores }) => scores),
    );
    await classifier.dispose();
    const metrics = JSON.parse(readFileSync(join(model, 'metrics.json'), 'utf8'));
    expect(metrics.test.accuracy).toBe(classifier.manifest.metrics!.accuracy);
  });

  it('gives the same bytes from the same seed in another process', async () => {
    const other = join(home, 'models/again');
    cpSync(model, other, { recursive: true, filter: (path) => !/\.train|[/\\]model$/.test(path) });
    expect((await run('models/again', '--commit', 'abc123')).code).toBe(0);
    for (const file of readdirSync(join(model, 'model')))
      expect(
        readFileSync(join(other, 'model', file)).equals(readFileSync(join(model, 'model', file))),
        file,
      ).toBe(true);
  });

  it('leaves the last checkpoint alone when it is killed', async () => {
    const before = readFileSync(join(model, '.train/weights.safetensors'));
    const { child, finished } = start(['train', 'models/tiny']);
    for await (const chunk of child.stdout!) if (String(chunk).includes('epoch 1/3')) break;
    child.kill('SIGINT');
    await finished;
    expect(readFileSync(join(model, '.train/weights.safetensors')).equals(before)).toBe(true);
    expect(existsSync(join(model, '.train.new'))).toBe(false);
  });

  it('exports only what params.yaml still describes, and what training wrote', async () => {
    const bundle = readFileSync(join(model, 'model/manifest.json'));
    writeFileSync(join(model, 'params.yaml'), params.replace('epochs: 3', 'epochs: 4'));
    const changed = await run('export', 'models/tiny');
    expect(changed.text).toContain(
      'error: params.yaml: training has changed since this model was trained: train again',
    );
    expect(changed.code).toBe(1);
    writeFileSync(join(model, 'params.yaml'), params);

    const weights = join(model, '.train/weights.safetensors');
    const bytes = readFileSync(weights);
    const damaged = Buffer.from(bytes);
    damaged[damaged.length - 1]! ^= 1;
    writeFileSync(weights, damaged);
    const corrupt = await run('export', 'models/tiny');
    expect(corrupt.text).toMatch(
      /error: .*weights\.safetensors is not the file that training wrote: train again/,
    );
    expect(corrupt.code).toBe(1);
    writeFileSync(weights, bytes);

    const checkpoint = readCheckpoint(model);
    const [first, ...others] = checkpoint.test;
    const told = { ...first!, logits: first!.logits.map((logit) => logit + 0.01) };
    writeCheckpoint(model, { ...checkpoint, test: [told, ...others] });
    const unlike = await run('export', 'models/tiny');
    expect(unlike.text).toMatch(/error: the exported model answers otherwise than in training: .* 1\.0e-2/);
    expect(unlike.code).toBe(1);
    expect(readFileSync(join(model, 'model/manifest.json')).equals(bundle)).toBe(true);
  });
});

describe('a command line that says nothing to do', () => {
  it.each([
    [['models/tinny'], /error: no model "tinny".*did you mean "tiny"/],
    [['export', 'models/fresh'], /error: there is no checkpoint in .*fresh\/\.train .*: train first/],
    [[], /error: name one model folder/],
    [['models/a', 'models/b'], /error: name one model folder/],
    [['models/tiny', '--thread', '2'], /error: Unknown option '--thread'/],
    [['models/tiny', '--threads', 'two'], /error: --threads two: give a whole number/],
  ])('%j', async (args, message) => {
    mkdirSync(join(home, 'models/fresh'), { recursive: true });
    writeFileSync(join(home, 'models/fresh/params.yaml'), params.replace('data.jsonl', '../tiny/data.jsonl'));
    const { code, text } = await run(...args);
    expect(text).toMatch(message);
    expect(text).not.toMatch(/^ +at /m);
    expect(code).toBe(1);
  });

  it('--help is no error', async () => {
    const { code, text } = await run('--help');
    expect(text).toContain('pnpm train models/<name>');
    expect(code).toBe(0);
  });
});
