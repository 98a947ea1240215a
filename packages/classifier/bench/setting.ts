import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Shape, shapes } from './bert.ts';
import { writeModel } from './models.ts';

const root = resolve(import.meta.dirname, '../../..');
const scratch = join(tmpdir(), 'mainline-bench-serving');
const peerVersion = '4.3.1';

/** One model, for the function and for its peer. */
export interface BenchModel {
  shape: Shape;
  /** The bundle's folder. */
  bundle: string;
  /** The folder that transformers.js reads. */
  peer: string;
  /** The function with this model, as it lies in the image. */
  task: string;
}

/** What both benches need: the built function, its peer, and a model of each size for the two of them. */
export interface Setting {
  scratch: string;
  /** Folder where @huggingface/transformers can be imported from. */
  peer: string;
  models: Record<keyof typeof shapes, BenchModel>;
}

/**
 * Builds, installs and writes all of it under the temp folder; what is slow is kept for the next run. In a process of
 * its own: one that held a model would take longer to spawn those that are measured.
 */
export function prepareSetting(): Setting {
  const json = execFileSync(process.execPath, [import.meta.filename], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(json);
}

async function makeSetting(): Promise<Setting> {
  const dist = join(root, 'apps/lambda/dist');
  say('building the function');
  const platform = `${process.platform}/${process.arch}`;
  execFileSync(process.execPath, [join(root, 'apps/lambda/build.ts'), '--platform', platform]);

  const peer = join(scratch, 'peer');
  if (!existsSync(join(peer, 'node_modules/@huggingface/transformers'))) {
    say(`installing @huggingface/transformers ${peerVersion} into ${peer}`);
    mkdirSync(peer, { recursive: true });
    writeFileSync(join(peer, 'package.json'), '{"private":true,"type":"module"}');
    // Its ONNX Runtime would fetch CUDA; the CPU library comes in the package.
    const install = [
      'install',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      `@huggingface/transformers@${peerVersion}`,
    ];
    execFileSync('npm', install, { cwd: peer, stdio: 'ignore' });
  }

  const models = {} as Setting['models'];
  for (const name of Object.keys(shapes) as (keyof typeof shapes)[]) {
    say(`writing the ${name} model`);
    const folders = await writeModel(join(scratch, name), shapes[name]);
    const task = join(scratch, name, 'task');
    rmSync(task, { recursive: true, force: true });
    cpSync(join(dist, 'app'), task, { recursive: true });
    symlinkSync(join(dist, 'runtime/node_modules'), join(task, 'node_modules'));
    symlinkSync(folders.bundle, join(task, 'model'));
    models[name] = { ...folders, task, shape: shapes[name] };
  }
  return { scratch, peer, models };
}

/** Tells whoever waits what is being done; results go to standard output. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The value that a share of the values is below. */
export function quantile(values: number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!;
}

export const median = (values: number[]): number => quantile(values, 0.5);

/** A transformers.js classifier over a local folder: the code that the peer's own documentation gives. */
export const peerPipeline = (folder: string) => `
  import { env, pipeline } from '@huggingface/transformers';
  env.allowRemoteModels = false;
  env.localModelPath = ${JSON.stringify(join(folder, '..'))};
  const classify = await pipeline('text-classification', 'peer', { dtype: 'fp32' });
`;

if (process.argv[1] === import.meta.filename) process.stdout.write(JSON.stringify(await makeSetting()));
