import { defineAction } from '../action.ts';
import { defaulted, required, text, wholeNumber } from '../inputs.ts';
import { run } from '../run.ts';

/** A whole small action, for run.test.ts to spawn. */
await run(
  defineAction({
    name: 'echo',
    inputs: { words: required(text), times: defaulted('1', wholeNumber(0, 9)) },
    outputs: ['said', 'count', 'nothing'],
    async perform({ words, times }, job) {
      if (words === 'wait')
        await new Promise((_, reject) => {
          const alive = setInterval(() => {}, 1000);
          job.signal.addEventListener('abort', () => {
            clearInterval(alive);
            reject(job.signal.reason);
          });
          job.log('waiting');
        });
      if (times === 0)
        throw Object.assign(
          new Error(`Zero times "${words}" says nothing`, { cause: new Error('arithmetic') }),
          {
            hint: 'Say it at least once.',
            file: 'echo.yml',
            line: 2,
          },
        );
      job.mask('hunter2');
      job.log(`saying ${words}`);
      return {
        outputs: {
          said: Array.from({ length: times }, () => words).join('\n'),
          count: times,
          nothing: undefined,
        },
        summary: `Said \`${words}\``,
      };
    },
  }),
);
