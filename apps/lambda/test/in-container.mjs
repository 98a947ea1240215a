// Runs inside the container: loads the function as Lambda's runtime client does, and asks it what it is told to.
// Standard output is the function's log; the answers go to standard error.
import { readFileSync, writeFileSync } from 'node:fs';

const started = performance.now();
const { handler } = await import('/var/task/index.mjs');
const initMs = performance.now() - started;
const answers = [];
for (const event of JSON.parse(readFileSync('/events.json', 'utf8')))
  answers.push(await handler(event, { awsRequestId: 'id' }).catch((error) => ({ thrown: String(error) })));
let readOnly = false;
try {
  writeFileSync('/var/task/x', '');
} catch (error) {
  readOnly = error.code === 'EROFS';
}
const rssMb = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
process.stderr.write(JSON.stringify({ initMs, answers, readOnly, uid: process.getuid(), rssMb }));
