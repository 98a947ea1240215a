import { parseArgs } from 'node:util';
import { DataInUseError, PortTakenError, StateError } from './errors.ts';
import { startLocalAws } from './start-local-aws.ts';

const usage = `Usage: pnpm local-aws [--port 4510] [--data DIR]

S3, ECR (with its registry) and Lambda on this machine, for the official clients to work with.
  --port N     listen on 127.0.0.1:N; 0 takes any free port
  --data DIR   keep everything in DIR; without it nothing outlives the process`;

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

function parse() {
  try {
    const { values } = parseArgs({
      options: { port: { type: 'string' }, data: { type: 'string' }, help: { type: 'boolean' } },
    });
    return values;
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
}

const values = parse();
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const port = Number(values.port ?? '4510');
if (!Number.isInteger(port) || port < 0 || port > 65_535)
  fail(`--port must be a number from 0 to 65535, not '${values.port}'.`);

try {
  const aws = await startLocalAws({
    port,
    log: (line) => console.error(line),
    ...(values.data !== undefined && { data: values.data }),
  });
  for (const [name, value] of Object.entries(aws.env)) console.log(`export ${name}=${value}`);
  console.log(`# Local AWS on ${aws.url} (a page to open, too) · base image ${aws.baseImage}`);
  console.log(values.data ? `# Kept in ${values.data}` : '# Nothing is kept: --data DIR would');
  console.log('# Ctrl-C ends it');
  let closing = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (closing) process.exit(1);
      closing = true;
      void aws.close().then(() => process.exit(0));
    });
} catch (error) {
  if (error instanceof PortTakenError || error instanceof StateError || error instanceof DataInUseError)
    fail(error.message);
  throw error;
}
