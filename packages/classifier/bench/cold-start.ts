/**
 * Process start → first prediction written, warm page cache, interleaved: bare Node, ONNX Runtime's own start, the
 * function as it is deployed, and a transformers.js pipeline on the same fp32 model. `pnpm bench cold-start [rounds]`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { textOf } from './models.ts';
import { median, peerPipeline, prepareSetting, say } from './setting.ts';

const rounds = Number(process.argv[2] ?? 15);
const setting = prepareSetting();

/** Written to standard error once the answer is out: CPU time, and the most memory the process had since it began. */
const account = `
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const fs = process.getBuiltinModule('node:fs');
  // The rusage of a process counts what its parent was before exec(); the kernel's own mark doesn't.
  const mark = fs.existsSync('/proc/self/status') && /VmHWM:\\s+(\\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'));
  const rssMb = (mark ? Number(mark[1]) : maxRSS) / 1024;
  process.stderr.write(JSON.stringify({ cpuMs: (userCPUTime + systemCPUTime) / 1000, rssMb }));
`;

interface Sample {
  wallMs: number;
  cpuMs: number;
  rssMb: number;
}

async function measure(script: string, env: Record<string, string>): Promise<Sample> {
  const started = performance.now();
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let wallMs = 0;
  let report = '';
  child.stdout.on('data', (data) => {
    // The function's log comes here, too.
    if (data.includes('ANSWER')) wallMs ||= performance.now() - started;
  });
  child.stderr.on('data', (data) => {
    report += data;
  });
  const [code] = await once(child, 'close');
  if (code !== 0 || !wallMs) throw new Error(`${script}: ${report}`);
  return { wallMs, ...JSON.parse(report.slice(report.lastIndexOf('{'))) };
}

for (const [size, { task, peer, shape }] of Object.entries(setting.models)) {
  const text = JSON.stringify(textOf(12, shape.vocabulary));
  const answer = `
      import { handler } from ${JSON.stringify(join(task, 'index.mjs'))};
      const { predictions } = await handler({ text: ${text} });
      process.stdout.write('ANSWER ' + predictions[0].label);`;
  const scripts: Record<string, string> = {
    'bare Node': `process.stdout.write('ANSWER');`,
    'ONNX Runtime alone': `
      const require = process.getBuiltinModule('node:module').createRequire(${JSON.stringify(join(task, 'x.js'))});
      const path = \`onnxruntime-node/bin/napi-v6/\${process.platform}/\${process.arch}/onnxruntime_binding.node\`;
      require(path).initOrtOnce(2, class {}, true);
      process.stdout.write('ANSWER');`,
    'the function': answer,
    'the function, no plan': answer,
    'transformers.js': `${peerPipeline(peer)}
      const [{ label }] = await classify(${text});
      process.stdout.write('ANSWER ' + label);`,
  };
  const files = Object.entries(scripts).map(([name, script], i) => {
    const file = join(name === 'transformers.js' ? setting.peer : setting.scratch, `cold-${size}-${i}.mjs`);
    writeFileSync(file, script + account);
    return { name, file, samples: [] as Sample[] };
  });
  // On demand a request waits for the start; who has more time loads all of ONNX Runtime.
  const envOf = (name: string) => ({
    LAMBDA_TASK_ROOT: task,
    // One CPU.
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
    AWS_LAMBDA_INITIALIZATION_TYPE: name.endsWith('no plan') ? 'provisioned-concurrency' : 'on-demand',
  });
  for (let round = -1; round < rounds; round++) {
    say(`${size}: round ${round + 1} of ${rounds}`);
    for (const { name, file, samples } of round % 2 ? files : files.toReversed()) {
      const sample = await measure(file, envOf(name));
      // The first round only warms the page cache.
      if (round >= 0) samples.push(sample);
    }
  }
  const [bare, , ours, , theirs] = files;
  const ratio = (a: Sample[], b: Sample[], of: keyof Sample) =>
    median(a.map((sample, i) => sample[of] / b[i]![of]));
  process.stdout.write(`\n${size}: median of ${rounds} rounds, ratios pairwise\n`);
  for (const { name, samples } of files) {
    const cells = [
      `${median(samples.map(({ wallMs }) => wallMs)).toFixed(0)} ms`,
      `${ratio(samples, bare!.samples, 'wallMs').toFixed(2)}× bare`,
      `${ratio(samples, bare!.samples, 'cpuMs').toFixed(2)}× bare in CPU`,
      `${median(samples.map(({ rssMb }) => rssMb)).toFixed(0)} MB`,
    ];
    process.stdout.write(`  ${name.padEnd(20)}${cells.map((cell) => cell.padStart(20)).join('')}\n`);
  }
  const faster = (of: keyof Sample) => ratio(theirs!.samples, ours!.samples, of).toFixed(1);
  process.stdout.write(
    `  transformers.js / the function: wall ${faster('wallMs')}, CPU ${faster('cpuMs')}, memory ${faster('rssMb')}\n`,
  );
}
