// Adds up the reports that the test runners left; a package without one never ran, which counts as a failure.
const { existsSync, readdirSync, readFileSync } = require('node:fs');
const { dirname, join } = require('node:path');

const manifests = ['packages', 'apps']
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name, 'package.json')))
  .concat('.github/actions/package.json', 'tests/package.json')
  .filter(existsSync);
let passed = 0;
let failed = 0;
for (const manifest of manifests) {
  const { scripts = {} } = JSON.parse(readFileSync(manifest, 'utf8'));
  const expected = [scripts.test && 'vitest.json', scripts.e2e && 'e2e.json'].filter(Boolean);
  for (const name of expected) {
    const file = join(dirname(manifest), 'reports', name);
    if (!existsSync(file)) {
      console.log(`${file} is missing: its tests did not run`);
      failed += 1;
      continue;
    }
    const report = JSON.parse(readFileSync(file, 'utf8'));
    passed += report.numPassedTests;
    failed += report.numFailedTests;
    // A file that throws before its first test has no failed test to count.
    failed += report.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    ).length;
    if (report.numPendingTests > 0) console.log(`${file}: ${report.numPendingTests} skipped`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
