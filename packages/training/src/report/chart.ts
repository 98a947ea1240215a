import type { Point } from './curves.ts';
import { escapeHtml } from './html.ts';

/** One axis of a chart: values from `from` to `to`, ticks at `ticks`. */
export interface Axis {
  label: string;
  from: number;
  to: number;
  ticks: number[];
  /** How a tick is written; the number itself by default. */
  format?: (value: number) => string;
}

/** A disc; `title` shows when pointed at. */
export interface Dot {
  at: Point;
  radius: number;
  title: string;
}

/** Something drawn in a chart; `tone` 1, 2, … are the data's colours, 0 is a quiet grey. */
export type Mark =
  | { kind: 'line'; points: Point[]; tone: number; faint?: boolean }
  | { kind: 'bars'; heights: number[]; tone: number }
  | { kind: 'dots'; dots: Dot[]; tone: number }
  | { kind: 'rule'; x: number; label: string };

const WIDTH = 420;
const HEIGHT = 256;
const LEFT = 46;
const RIGHT = 20;
const TOP = 10;
const BOTTOM = 46;

/** Draws a chart as an inline SVG that takes its colours from the page; `description` is read out instead of it. */
export function chart(description: string, x: Axis, y: Axis, marks: Mark[]): string {
  const toX = (value: number): number => LEFT + share(x, value) * (WIDTH - LEFT - RIGHT);
  const toY = (value: number): number => HEIGHT - BOTTOM - share(y, value) * (HEIGHT - TOP - BOTTOM);
  const parts = [
    ...y.ticks.map((tick) => gridLine(toY(tick), format(y, tick))),
    ...x.ticks.map((tick) => text(toX(tick), HEIGHT - BOTTOM + 18, 'middle', format(x, tick))),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, 'middle', x.label),
    `<text class="label" transform="translate(12 ${round((HEIGHT - BOTTOM + TOP) / 2)}) rotate(-90)" text-anchor="middle">${escapeHtml(y.label)}</text>`,
    ...marks.map((mark) => draw(mark, x, y, toX, toY)),
  ];
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(description)}">${parts.join('')}</svg>`;
}

/** Ticks at round steps (1, 2 or 5 times a power of ten) from 0 to at least `most`, about five of them. */
export function ticksTo(most: number): number[] {
  if (!(most > 0)) return [0, 1];
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => most / size <= 5)!;
  const count = Math.ceil(most / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

function draw(
  mark: Mark,
  x: Axis,
  y: Axis,
  toX: (value: number) => number,
  toY: (value: number) => number,
): string {
  switch (mark.kind) {
    case 'line': {
      const path = mark.points.map(([px, py]) => `${round(toX(px))},${round(toY(py))}`).join(' ');
      return `<polyline class="tone${mark.tone}${mark.faint ? ' faint' : ''}" points="${path}"/>`;
    }
    case 'bars': {
      const width = (toX(x.to) - toX(x.from)) / mark.heights.length;
      const bars = mark.heights.map((height, i) => {
        if (height === 0) return '';
        const top = toY(height);
        return `<rect x="${round(toX(x.from) + i * width)}" y="${round(top)}" width="${round(width)}" height="${round(toY(y.from) - top)}"/>`;
      });
      return `<g class="tone${mark.tone} bars">${bars.join('')}</g>`;
    }
    case 'dots': {
      const dots = mark.dots.map(
        ({ at, radius, title }) =>
          `<circle cx="${round(toX(at[0]))}" cy="${round(toY(at[1]))}" r="${round(radius)}"><title>${escapeHtml(title)}</title></circle>`,
      );
      return `<g class="tone${mark.tone} dots">${dots.join('')}</g>`;
    }
    case 'rule': {
      const at = round(toX(mark.x));
      return `<line class="rule" x1="${at}" x2="${at}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>${text(Number(at) - 4, TOP + 10, 'end', mark.label)}`;
    }
  }
}

function gridLine(y: number, label: string): string {
  return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(y)}" y2="${round(y)}"/>${text(LEFT - 6, y + 4, 'end', label)}`;
}

function text(x: number, y: number, anchor: 'middle' | 'end', content: string): string {
  return `<text class="label" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escapeHtml(content)}</text>`;
}

function share(axis: Axis, value: number): number {
  return Math.min(1, Math.max(0, (value - axis.from) / (axis.to - axis.from)));
}

function format(axis: Axis, value: number): string {
  return axis.format ? axis.format(value) : String(value);
}

/** Two decimals are below what a screen shows and keep the page small. */
function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
