import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const actions = join(import.meta.dirname, '../../../.github/actions');

/** Runs the committed bundle of an action as GitHub's runner does and returns its outputs; throws with its log. */
export async function spawnAction(
  name: string,
  inputs: Record<string, string>,
  env: Record<string, string>,
): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'action-'));
  try {
    const files = { GITHUB_OUTPUT: join(folder, 'output'), GITHUB_STEP_SUMMARY: join(folder, 'summary') };
    for (const file of Object.values(files)) writeFileSync(file, '');
    const given = Object.entries(inputs).map(([input, value]) => [`INPUT_${input.toUpperCase()}`, value]);
    const child = spawn(process.execPath, [join(actions, name, 'dist/index.js')], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, ...files, ...env, ...Object.fromEntries(given) },
    });
    const logs = Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${name} ended with ${code}:\n${(await logs).join('')}`);
    const written = readFileSync(files.GITHUB_OUTPUT, 'utf8');
    return Object.fromEntries(
      [...written.matchAll(/^([^\n]+?)<<(ghadelimiter_[^\n]+)\n([\s\S]*?)\n\2$/gm)].map((output) => [
        ...[output[1], output[3]],
      ]),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
