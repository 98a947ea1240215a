/**
 * Warm, one text at a time, end to end: `session.run` alone, the classifier (text in, label out), the whole function
 * (event in, answer out) and a transformers.js pipeline on the same fp32 model. Each in a process of
 * its own, asked in turns. `pnpm bench latency [rounds]`
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { textOf } from './models.ts';
import { median, peerPipeline, prepareSetting, quantile, say } from './setting.ts';

const rounds = Number(process.argv[2] ?? 40);
const setting = prepareSetting();
const source = resolve(import.meta.dirname, '../src');
const require = `process.getBuiltinModule('node:module').createRequire(${JSON.stringify(`${source}/x.js`)})`;

/** Runs `once` in a block as long as the parent asks, answers with the microseconds of each. */
const block = `
  for (let i = 0; i < 200; i++) await once();
  process.on('message', async (count) => {
    const micros = [];
    // A third more before it counts: the processor's caches are full of what another process did.
    for (let i = -Math.ceil(count / 3); i < count; i++) {
      const started = process.hrtime.bigint();
      await once();
      if (i >= 0) micros.push(Number(process.hrtime.bigint() - started) / 1e3);
      // What the function writes once its answer is out is not waited for, but it is written.
      await new Promise(setImmediate);
    }
    process.send(micros);
  });
  process.send('ready');
`;

for (const [size, { bundle, task, peer, shape }] of Object.entries(setting.models)) {
  for (const tokens of [12, 128]) {
    const text = JSON.stringify(textOf(tokens, shape.vocabulary));
    const session = (file: string, level: string) => `
      const { InferenceSession, Tensor } = ${require}('onnxruntime-node');
      const session = await InferenceSession.create(${JSON.stringify(join(bundle, file))}, { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: '${level}' });
      const ids = BigInt64Array.from({ length: ${tokens} }, (_, i) => BigInt(5 + i * 7));
      const feeds = { input_ids: new Tensor('int64', ids, [1, ${tokens}]), attention_mask: new Tensor('int64', ids.map(() => 1n), [1, ${tokens}]) };
      const once = () => session.run(feeds);`;
    const scripts: Record<string, string> = {
      'session.run': session('serving.onnx', 'disabled'),
      'session.run, fp32': session('model.onnx', 'all'),
      'the classifier': `
        import { load } from ${JSON.stringify(join(source, 'index.ts'))};
        const classifier = await load(${JSON.stringify(bundle)});
        const once = () => classifier.classify([${text}]);`,
      'the function': `
        process.env.LAMBDA_TASK_ROOT = ${JSON.stringify(task)};
        const { handler } = await import(${JSON.stringify(join(task, 'index.mjs'))});
        const once = () => handler({ text: ${text} });`,
      'transformers.js': `${peerPipeline(peer)}
        const once = () => classify(${text});`,
    };
    const children = Object.entries(scripts).map(([name, script], i) => {
      const file = join(name === 'transformers.js' ? setting.peer : setting.scratch, `warm-${i}.mjs`);
      writeFileSync(file, script + block);
      const child = fork(file, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      return { name, child, ready: once(child, 'message'), medians: [] as number[], all: [] as number[] };
    });
    await Promise.all(children.map(({ ready }) => ready));
    const count = Math.round(2000 / (shape.layers * shape.hidden * tokens) ** 0.5);
    for (let round = 0; round < rounds; round++) {
      if (round % 10 === 0) say(`${size}, ${tokens} tokens: round ${round} of ${rounds}`);
      for (const { child, medians, all } of round % 2 ? children : children.toReversed()) {
        child.send(count);
        const [micros] = (await once(child, 'message')) as [number[]];
        medians.push(median(micros));
        all.push(...micros);
      }
    }
    process.stdout.write(`\n${size}, ${tokens} tokens: medians of ${rounds} rounds of ${count}\n`);
    const [raw] = children;
    for (const { name, child, medians, all } of children) {
      child.kill();
      const ratio = median(medians.map((value, i) => value / raw!.medians[i]!));
      const cells = [
        `p50 ${(median(medians) / 1000).toFixed(3)} ms`,
        `p99 ${(quantile(all, 0.99) / 1000).toFixed(3)} ms`,
        `${ratio.toFixed(2)}× session.run`,
      ];
      process.stdout.write(`  ${name.padEnd(20)}${cells.map((cell) => cell.padStart(20)).join('')}\n`);
    }
    const [ours, theirs] = [children[2]!, children[4]!].map(({ medians }) => medians);
    const faster = median(theirs!.map((value, i) => value / ours![i]!));
    process.stdout.write(`  transformers.js / the classifier: ${faster.toFixed(2)}\n`);
  }
}
