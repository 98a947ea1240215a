import { parseTokenizer } from '@mainline/classifier';
import { trainBaseline } from './baseline.ts';
import { dropWords, type EncodedExample, makeBatch, planBatches } from './batches.ts';
import { checkpointFolder, type Run, type TestCase, writeCheckpoint } from './checkpoint.ts';
import { loadDataset } from './data/load.ts';
import { openEngine } from './engine.ts';
import { encodeExamples, logitsOf } from './logits.ts';
import { evaluate, type Metrics } from './metrics.ts';
import { readParams } from './params.ts';
import { type Output, seconds, startProgress } from './progress.ts';
import { seeded } from './random.ts';
import { heldOutTable, percent } from './summary.ts';
import { learnWordPiece } from './vocabulary.ts';

export interface TrainOptions {
  output: Output;
  /** ONNX Runtime's threads; all cores when left out. */
  threads?: number;
}

/** Trains the model in a folder from its params.yaml and leaves the checkpoint in `.train`. Same seed, same bytes. */
export async function train(folder: string, { output, threads }: TrainOptions): Promise<Run> {
  const params = readParams(folder);
  const { model: shape, training: plan, labels } = params;
  const say = (line: string) => output.write(`  ${line}\n`);

  // Data: examples without copies, and the pieces their words are made of.
  const loading = startProgress(output, 'reading');
  const loadStart = performance.now();
  const dataset = await loadDataset(params, { onProgress: loading.update });
  const { train, dev, test } = dataset;
  loading.finish(
    `${dataset.name}: ${train.length} texts to train on, ${dev.length} to watch, ${test.length} held out` +
      ` (${seconds(performance.now() - loadStart)})`,
  );
  for (const note of dataset.notes) say(note);
  const tokenizerJson = learnWordPiece(
    train.map(({ text }) => text),
    params.tokenizer,
  );
  const tokenizer = parseTokenizer(tokenizerJson);
  const trainSet = encodeExamples(train, tokenizer, shape.maxTokens);
  const devSet = encodeExamples(dev, tokenizer, shape.maxTokens);
  const testSet = encodeExamples(test, tokenizer, shape.maxTokens);
  const batching = { labels: labels.length, padId: tokenizer.padId, batchSize: plan.batchSize };

  // Model
  const stepsPerEpoch = Math.ceil(trainSet.length / plan.batchSize);
  const engine = await openEngine({
    spec: { shape, vocabularySize: tokenizer.vocabularySize, labels: labels.length },
    plan,
    steps: stepsPerEpoch * plan.epochs,
    ...(threads === undefined ? {} : { threads }),
  });

  // Loop
  const order = seeded(plan.seed, 1);
  const dropped = seeded(plan.seed, 2);
  const lengths = trainSet.map(({ ids }) => ids.length);
  const losses: number[] = [];
  for (let epoch = 1; epoch <= plan.epochs; epoch++) {
    const progress = startProgress(output, `epoch ${epoch}/${plan.epochs}`);
    const startedAt = performance.now();
    let done = 0;
    for (const indices of planBatches(lengths, plan.batchSize, order)) {
      const examples = indices.map((index) => {
        const { ids, label } = trainSet[index]!;
        return { ids: dropWords(ids, plan.wordDropout, tokenizer.unknownId, dropped), label };
      });
      losses.push(await engine.step(makeBatch(examples, labels.length, tokenizer.padId)));
      done += examples.length;
      const perSecond = (1000 * done) / (performance.now() - startedAt);
      progress.update(
        done,
        trainSet.length,
        `loss ${losses.at(-1)!.toFixed(4)}  ${perSecond.toFixed(0)} ex/s`,
      );
    }
    const took = performance.now() - startedAt;
    const watched = judge(devSet, await logitsOf(engine, devSet, batching));
    progress.finish(
      `epoch ${epoch}/${plan.epochs}  loss ${mean(losses.slice(-stepsPerEpoch)).toFixed(4)}` +
        `  dev accuracy ${percent(watched.accuracy)}  MCC ${watched.mcc.toFixed(3)}` +
        `  ${((1000 * done) / took).toFixed(0)} ex/s  ${seconds(took)}`,
    );
  }

  // Evaluate, beside a baseline that anyone could have had in a second
  const logits = await logitsOf(engine, testSet, batching);
  const metrics = judge(testSet, logits);
  const baseline = trainBaseline(train, labels.length);
  const baselineLogits = test.map(({ text }) => baseline.predict(text));
  const baselineMetrics = judge(testSet, baselineLogits);
  for (const line of heldOutTable(
    [
      { name: `${params.name} (this model)`, metrics },
      { name: baseline.name, metrics: baselineMetrics },
    ],
    labels,
    test.length,
  ))
    output.write(`${line}\n`);

  // Checkpoint
  const { name, version, sha256, notes } = dataset;
  const run: Run = {
    params: {
      name: params.name,
      dataset: params.dataset,
      labels,
      tokenizer: params.tokenizer,
      model: shape,
      training: plan,
    },
    dataset: {
      name,
      version,
      sha256,
      examples: { train: train.length, dev: dev.length, test: test.length },
      notes,
    },
    metrics,
    baseline: { name: baseline.name, ...baselineMetrics },
    losses: losses.map((loss) => Number(loss.toPrecision(6))),
    stepsPerEpoch,
  };
  const testCases = test.map(
    ({ id, text, label }, index): TestCase => ({
      id,
      text,
      label,
      logits: logits[index]!,
      baselineLogits: baselineLogits[index]!,
      tokens: tokenizer.encode(text, Number.MAX_SAFE_INTEGER).ids.length,
    }),
  );
  writeCheckpoint(params.directory, {
    run,
    weights: engine.weights(),
    tokenizer: tokenizerJson,
    dev: dev.map(({ text }) => text),
    test: testCases,
  });
  await engine.dispose();
  say(`checkpoint: ${checkpointFolder(folder)}`);
  return run;
}

function judge(examples: readonly EncodedExample[], logits: number[][]): Metrics {
  return evaluate(
    examples.map(({ label }) => label),
    logits,
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
