import { run } from '../lib/run.ts';
import { action } from './action.ts';

await run(action);
