import { describe, expect, it } from 'vitest';
import { chart, ticksTo } from './chart.ts';

describe('ticksTo', () => {
  it.each([
    [1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [0.6, [0, 0.2, 0.4, 0.6]],
    [53, [0, 20, 40, 60]],
    [4, [0, 1, 2, 3, 4]],
    [0, [0, 1]],
    [7e-7, [0, 2e-7, 4e-7, 6e-7, 8e-7]],
  ])('up to %d', (most, ticks) => {
    expect(ticksTo(most)).toEqual(ticks);
  });
});

describe('chart', () => {
  const axis = { label: 'x', from: 0, to: 10, ticks: [0, 10] };

  it('puts the corners of the data in the corners of the frame, and strays on its edge', () => {
    const svg = chart('d', axis, axis, [
      {
        kind: 'line',
        tone: 1,
        points: [
          [0, 0],
          [10, 10],
          [99, -1],
        ],
      },
    ]);
    expect(svg).toContain('points="46,210 400,10 400,210"');
  });

  it('gives bars the axis in equal parts and leaves out empty ones', () => {
    const svg = chart('d', axis, axis, [{ kind: 'bars', tone: 2, heights: [10, 0, 5] }]);
    expect(svg).toContain(
      '<rect x="46" y="10" width="118" height="200"/><rect x="282" y="110" width="118" height="100"/>',
    );
  });

  it('escapes what it is given', () => {
    const svg = chart('"><script>', { ...axis, label: '<b>' }, axis, [
      { kind: 'dots', tone: 1, dots: [{ at: [1, 1], radius: 1, title: '</title>' }] },
    ]);
    expect(svg).not.toMatch(/<script>|<b>|<\/title><\/title>/);
  });
});
