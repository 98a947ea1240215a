import { join } from 'node:path';
import { assemble } from '../src/assemble.ts';
import { push } from '../src/push.ts';

// One build and push in a process of its own, as a runner does it: node build-and-push.ts FOLDER REGISTRY OUTPUT.
const [folder = '', registry = '', output = ''] = process.argv.slice(2);
const { layout } = await assemble({
  base: { reference: `${registry}/base:1` },
  platform: 'linux/amd64',
  layers: [
    { name: 'runtime', from: join(folder, 'runtime'), to: '/var/task' },
    { name: 'app', from: join(folder, 'app'), to: '/var/task' },
    { name: 'model', from: join(folder, 'model'), to: '/var/task/model' },
  ],
  config: { command: ['index.handler'] },
  output,
});
const result = await push({ layout, registry, repository: 'ours', tag: 'latest' });
console.log(JSON.stringify({ ...result, maxRssMb: Math.round(process.resourceUsage().maxRSS / 1024) }));
