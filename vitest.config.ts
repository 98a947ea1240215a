import { defineConfig } from 'vitest/config';

/** One configuration for every package: each runs it from its own folder and leaves a report there for CI to count. */
export default defineConfig({
  root: process.cwd(),
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/.mainline/**'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default', 'json'],
    outputFile: { json: 'reports/vitest.json' },
  },
});
