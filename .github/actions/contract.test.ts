import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundle, verbs } from './build.ts';
import type { Action } from './lib/action.ts';
import { readActionFile } from './lib/action-file.ts';
import { withTables } from './lib/readme.ts';

describe.each(verbs())('%s', (verb) => {
  const folder = join(import.meta.dirname, verb);
  const file = readActionFile(join(folder, 'action.yml'));
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');

  it('says the same in action.ts and action.yml', async () => {
    const { action }: { action: Action } = await import(join(folder, 'action.ts'));
    expect(action.name).toBe(verb);
    expect(
      Object.fromEntries(
        Object.entries(file.inputs).map(([name, { required, default: text }]) => [
          name,
          { required, default: text },
        ]),
      ),
    ).toEqual(
      Object.fromEntries(
        Object.entries(action.inputs).map(([name, input]) => [
          name,
          { required: input.required, default: input.default },
        ]),
      ),
    );
    expect(Object.keys(file.outputs)).toEqual([...action.outputs]);
    for (const { description } of [file, ...Object.values(file.inputs), ...Object.values(file.outputs)])
      expect(description.trim()).not.toBe('');
  });

  it('runs its bundle on node24, from a main.ts of one statement', () => {
    expect(file.runs).toEqual({ using: 'node24', main: 'dist/index.js' });
    expect(read('main.ts').match(/^(?!import ).+$/gm)).toEqual(['await run(action);']);
  });

  it('documents in its README what action.yml says, with an example to copy', () => {
    const readme = read('README.md');
    expect(readme, `run: pnpm --filter @mainline/actions build ${verb}`).toBe(withTables(readme, file));
    expect(readme).toMatch(new RegExp(`\`\`\`yaml\n[^\`]*uses: [^\n]*/${verb}@`));
  });

  it('has in dist what the sources build', async () => {
    const committed = join(folder, 'dist/index.js');
    const same = existsSync(committed) && Buffer.from(await bundle(verb)).equals(readFileSync(committed));
    if (!same)
      expect.fail(
        `.github/actions/${verb}/dist/index.js is not what the sources build: run pnpm --filter @mainline/actions build ${verb} and commit it`,
      );
  });
});
