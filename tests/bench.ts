import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const benches = globSync('{packages,apps}/*/bench/*.ts', { cwd: root });
const [name, ...args] = process.argv.slice(2);
const file = benches.find((path) => basename(path, '.ts') === name);
if (!file) {
  const names = benches.map((path) => basename(path, '.ts')).sort();
  console.error(
    `pnpm bench <name>: ${name ? `there is no bench '${name}'` : 'which one?'} There is ${names.join(', ')}.`,
  );
  process.exit(1);
}
process.exit(
  spawnSync(process.execPath, [resolve(root, file), ...args], { stdio: 'inherit', cwd: root }).status ?? 1,
);
