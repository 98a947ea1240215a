import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { spawnAction } from './test/spawn-action.ts';

const echo = join(import.meta.dirname, 'test/echo.ts');

describe('run', () => {
  it('hands over inputs, sets outputs, writes the summary and exits with 0', async () => {
    const ran = await spawnAction(echo, { with: { words: 'hi\nthere', times: '2' } });
    expect(ran).toMatchObject({
      exitCode: 0,
      outputs: { said: 'hi\nthere\nhi\nthere', count: '2' },
      summary: 'Said `hi\nthere`\n',
    });
    expect(ran.outputs).not.toHaveProperty('nothing');
    expect(ran.log).toContain('::add-mask::hunter2');
  });

  it('logs what looks like a command of the runner as text', async () => {
    const ran = await spawnAction(echo, {
      with: { words: 'a\n::error::no\n \t::add-mask::a\nb ##[error]no' },
    });
    expect(ran.exitCode).toBe(0);
    expect(ran.log).not.toMatch(/^\s*::error|^\s*::add-mask::a|##\[/m);
    expect(ran.log).toContain(': :error::no');
  });

  it('turns an error into one annotation on its file, a summary and exit code 1, with no output set', async () => {
    const ran = await spawnAction(echo, { with: { words: 'hi', times: '0' } });
    expect(ran.exitCode).toBe(1);
    expect(ran.outputs).toEqual({});
    expect(ran.log).toContain(
      '::error file=echo.yml,line=2::Zero times "hi" says nothing%0ASay it at least once.%0Abecause: arithmetic',
    );
    expect(ran.summary).toContain('### ❌ echo failed');
    expect(ran.summary).toContain('Say it at least once.');
  });

  it('refuses a misspelt input before anything happens', async () => {
    const ran = await spawnAction(echo, { with: { words: 'hi', tims: '2' } });
    expect(ran.exitCode).toBe(1);
    expect(ran.log).toContain('Unknown input "tims": did you mean "times"?%0Aecho takes: words, times');
    expect(ran.log).not.toContain('saying');
  });

  it('works where there is no runner', async () => {
    const ran = await spawnAction(echo, {
      with: { words: 'hi' },
      env: { GITHUB_OUTPUT: '', GITHUB_STEP_SUMMARY: '' },
    });
    expect(ran.exitCode).toBe(0);
    expect(ran.log).toContain('::set-output name=said::hi');
  });

  it.skipIf(process.platform === 'win32')(
    'lets the action end in order when the job is cancelled',
    async () => {
      const ran = await spawnAction(echo, {
        with: { words: 'wait' },
        onLog: (log, kill) => log.includes('waiting') && kill('SIGINT'),
      });
      expect(ran.exitCode).toBe(1);
      expect(ran.log).toContain('::error::The job was cancelled (SIGINT).');
    },
  );
});
