import { enableCompileCache } from 'node:module';

// Half of a short run would be spent on reading and compiling the same files once more. This one is JavaScript because
// it is read before the cache is there: for one line of TypeScript, Node would load its compiler first.
enableCompileCache();
const { runCommand } = await import('./cli/run.ts');

process.once('SIGINT', () => process.exit(252));
process.stdout.on('error', (error) => process.exit('code' in error && error.code === 'EPIPE' ? 141 : 255));
process.exitCode = await runCommand(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
});
