import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseTokenizer } from '@mainline/classifier';
import { type Batch, makeBatch, planBatches } from '../src/batches.ts';
import { loadDataset } from '../src/data/load.ts';
import { openEngine } from '../src/engine.ts';
import { encodeExamples } from '../src/logits.ts';
import { readParams } from '../src/params.ts';
import { seeded } from '../src/random.ts';
import { learnWordPiece } from '../src/vocabulary.ts';
import { startPeer, torchVersion } from '../test/peer.ts';

// Training steps of models/spam, ours and PyTorch's in turn: the same model, weights, batches and optimizer settings.

const rounds = 5;
const stepsPerRound = 24;
const threads = availableParallelism();

const params = readParams(join(import.meta.dirname, '../../../models/spam'));
const { train } = await loadDataset(params);
const tokenizerJson = learnWordPiece(
  train.map(({ text }) => text),
  params.tokenizer,
);
const tokenizer = parseTokenizer(tokenizerJson);
const examples = encodeExamples(train, tokenizer, params.model.maxTokens);
const plan = params.training;
const batches: Batch[] = planBatches(
  examples.map(({ ids }) => ids.length),
  plan.batchSize,
  seeded(plan.seed, 1),
)
  .slice(0, stepsPerRound)
  .map((indices) =>
    makeBatch(
      indices.map((index) => examples[index]!),
      params.labels.length,
      tokenizer.padId,
    ),
  );
const texts = batches.reduce((sum, { size }) => sum + size, 0);
const tokens = batches.reduce((sum, { lengths }) => sum + lengths.reduce((a, b) => a + b, 0), 0);

const spec = { shape: params.model, vocabularySize: tokenizer.vocabularySize, labels: params.labels.length };
const steps = (rounds + 1) * stepsPerRound;
const engine = await openEngine({ spec, plan, steps, threads });
const weights = engine.weights();
const version = torchVersion();
const runners: { name: string; run: () => Promise<number>; close: () => Promise<void> }[] = [
  {
    name: 'this package',
    async run() {
      const startedAt = performance.now();
      for (const batch of batches) await engine.step(batch);
      return performance.now() - startedAt;
    },
    close: () => engine.dispose(),
  },
];
if (version)
  for (const fused of [true, false]) {
    const peer = await startPeer({ spec, plan, steps, weights, batches, dtype: 'float32', fused, threads });
    runners.push({
      name: `PyTorch ${version}, ${fused ? 'fused' : 'default'} AdamW`,
      run: async () => (await peer.train(stepsPerRound)).ms,
      close: peer.close,
    });
  }
else console.log('PyTorch is skipped: no python3 with torch (MAINLINE_PYTHON may name one).');

console.log(`${texts} texts, ${tokens} tokens a round; ${threads} threads; texts per second\n`);
const measured = runners.map(() => [] as number[]);
for (let round = 0; round <= rounds; round++)
  for (const [index, { run }] of runners.entries()) {
    const perSecond = (1000 * texts) / (await run());
    // Round 0 warms up.
    if (round > 0) measured[index]!.push(perSecond);
  }
const ours = measured[0]!;
console.log(`| | ${ours.map((_, index) => `round ${index + 1}`).join(' | ')} | ratio per round, median |`);
console.log(`|---|${'--:|'.repeat(rounds + 1)}`);
for (const [index, { name, close }] of runners.entries()) {
  const ratios = measured[index]!.map((value, round) => ours[round]! / value);
  const shown =
    index === 0
      ? ''
      : `**${median(ratios).toFixed(2)}×** (${ratios.map((ratio) => ratio.toFixed(2)).join(' ')})`;
  console.log(`| ${name} | ${measured[index]!.map((value) => value.toFixed(0)).join(' | ')} | ${shown} |`);
  await close();
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}
