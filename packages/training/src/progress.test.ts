import { describe, expect, it } from 'vitest';
import { seconds, startProgress } from './progress.ts';

function collect(isTTY: boolean, columns = 60) {
  const parts: string[] = [];
  return { parts, output: { isTTY, columns, write: (text: string) => parts.push(text) } };
}

describe('startProgress', () => {
  it('draws over its own line on a terminal, never wider than it', () => {
    const { parts, output } = collect(true, 40);
    const progress = startProgress(output, 'epoch 1/4');
    progress.update(50, 100, 'loss 0.1');
    progress.update(100, 100, 'loss 0.1');
    progress.finish('done');
    expect(parts[0]).toMatch(/^\r\x1b\[2K {2}█{12}░{12} {2}epoch 1/);
    for (const part of parts.slice(0, -1)) expect(part.replace('\r\x1b[2K', '').length).toBeLessThan(40);
    expect(parts.at(-1)).toBe('\r\x1b[2K  done\n');
  });

  it('prints three plain lines and the last one elsewhere', () => {
    const { parts, output } = collect(false);
    const progress = startProgress(output, 'epoch 1/4');
    for (let done = 1; done <= 100; done++) progress.update(done, 100);
    progress.finish('done');
    expect(parts.map((part) => part.replace(/ {2}[\d.]+ m?s left/, ''))).toEqual([
      '  epoch 1/4  25/100\n',
      '  epoch 1/4  50/100\n',
      '  epoch 1/4  75/100\n',
      '  done\n',
    ]);
    expect(parts.join('')).not.toContain('\x1b');
  });
});

describe('seconds', () => {
  it('chooses the unit', () => {
    expect([840, 12_340, 125_000].map(seconds)).toEqual(['840 ms', '12.3 s', '2 min 5 s']);
  });
});
