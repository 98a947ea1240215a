import { parseArgs } from 'node:util';
import { lint } from '../lint/lint.ts';
import { defaultLayout, expectNames } from './arguments.ts';
import { open } from './open.ts';

/** `pnpm image lint`: every finding with its remedy; exit code 1 when one is an error. */
export async function lintVerb(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { architecture: { type: 'string' }, platform: { type: 'string' } },
  });
  const [name = defaultLayout] = expectNames(positionals, 0, 1, 'lint');
  const image = await open(name, values.platform);
  try {
    const findings = await lint(image, { architecture: values.architecture });
    for (const { rule, severity, where, problem, fix } of findings)
      console.log(`${severity}: ${where}: ${problem} [${rule}]\n  ${fix}`);
    const errors = findings.filter(({ severity }) => severity === 'error').length;
    console.log(errors > 0 ? `${errors} errors in ${image.digest}` : `${image.digest} is fit for Lambda`);
    if (errors > 0) process.exitCode = 1;
  } finally {
    image.close();
  }
}
