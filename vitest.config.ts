import { defineConfig } from 'vitest/config';

/**
 * One configuration for every package: each runs it from its own folder and leaves a report there for CI to count.
 * `--mode e2e` runs the slow half instead: what needs Docker, a browser, or minutes.
 */
export default defineConfig(({ mode }) => {
  const e2e = mode === 'e2e';
  return {
    root: process.cwd(),
    test: {
      include: [e2e ? '**/*.e2e.ts' : '**/*.test.ts'],
      exclude: ['**/node_modules/**', '**/dist/**', '**/.mainline/**'],
      // Far above what any test takes: a loaded machine is slow, and only a hang should end here.
      testTimeout: e2e ? 600_000 : 180_000,
      hookTimeout: e2e ? 600_000 : 180_000,
      // ONNX Runtime's telemetry stays off also where a test loads the library itself.
      env: { ORT_DISABLE_TELEMETRY: '1' },
      fileParallelism: !e2e,
      reporters: ['default', 'json'],
      outputFile: { json: `reports/${e2e ? 'e2e' : 'vitest'}.json` },
    },
  };
});
