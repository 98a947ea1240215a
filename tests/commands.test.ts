import { globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const text = (file: string) => readFileSync(join(root, file), 'utf8');
const scripts: Record<string, string> = JSON.parse(text('package.json')).scripts;

it('README shows the two commands, and CI runs the one that tests', () => {
  expect(text('README.md')).toContain('\nnpx -y pnpm@10 demo\n');
  expect(text('README.md')).toContain('\nnpx -y pnpm@10 test\n');
  expect(text('.ci/run')).toContain('npx -y pnpm@10 test');
});

it('every `pnpm <script>` that a document names exists', () => {
  for (const file of globSync('{*.md,docs/**/*.md,models/*/*.md,dvc/*.md}', { cwd: root }))
    for (const [, name] of text(file).matchAll(
      /`(?:npx -y )?pnpm(?:@10)? (?!--filter|install|exec)([a-z][\w-]*)/g,
    ))
      expect(Object.keys(scripts), `${file} names pnpm ${name}`).toContain(name);
});

it('every relative link in a document leads somewhere', () => {
  for (const file of globSync('{*.md,docs/**/*.md,models/*/*.md,.github/actions/*/README.md}', { cwd: root }))
    for (const [, target] of text(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)[^)]*\)/g))
      expect(
        globSync(join(dirname(file), target!), { cwd: root }),
        `${file} links to ${target}`,
      ).toHaveLength(1);
});
