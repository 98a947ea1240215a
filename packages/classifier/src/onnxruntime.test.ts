import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { sumModel } from '../test/onnx.ts';

const scratch = mkdtempSync(join(tmpdir(), 'onnxruntime-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const model = join(scratch, 'model.onnx');
writeFileSync(
  model,
  sumModel(
    [
      [0, 0],
      [1, -1],
      [2, -2],
    ],
    'int32',
  ),
);

/** Runs the model by each name's road, in turn and in one process. */
const script = `
  const model = ${JSON.stringify(model)};
  const inputs = (Tensor) => {
    const column = () => new Tensor('int32', Int32Array.of(1, 2, 2), [1, 3]);
    return { input_ids: column(), attention_mask: new Tensor('int32', Int32Array.of(1, 1, 1), [1, 3]) };
  };
  const roads = {
    async own(copy) {
      const { openModel, Tensor } = await import(${JSON.stringify(join(import.meta.dirname, 'onnxruntime.ts'))} + '?' + copy);
      const session = openModel(model, {});
      const { logits } = session.run(inputs(Tensor), { logits: null }, {});
      return [session, logits];
    },
    async library() {
      const { InferenceSession, Tensor } = await import('onnxruntime-node');
      const session = await InferenceSession.create(model);
      const { logits } = await session.run(inputs(Tensor));
      return [session, logits];
    },
  };
  const sessions = [];
  for (const [i, road] of process.argv.slice(1).entries()) {
    const [session, { data, dims }] = await roads[road](i);
    sessions.push(session);
    console.log(data.join(), dims.join());
  }
  for (const session of sessions.slice(1)) await (session.release?.() ?? session.dispose());
`;

it.each([[['own']], [['own', 'library', 'own', 'library']], [['library', 'own', 'library', 'own', 'own']]])(
  '%s in one process: each answers, and the process ends well',
  (roads) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', script, '--', ...roads],
      { encoding: 'utf8', cwd: import.meta.dirname },
    );
    expect({ status, stderr, stdout }).toEqual({
      status: 0,
      stderr: '',
      stdout: '5,-5 1,2\n'.repeat(roads.length),
    });
  },
);
