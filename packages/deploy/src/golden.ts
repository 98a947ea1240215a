import { ShapeError } from './errors.ts';
import { number, record, shapeError, string } from './shape.ts';

/** A bundle's golden.json: texts whose answers are known from export. */
export interface Golden {
  /** How far a score may be from the recorded one. */
  tolerance: number;
  cases: GoldenCase[];
}

/** One text with the label that the exported model gave it, and the score of every label; what is left out isn't compared. */
export interface GoldenCase {
  text: string;
  label?: string;
  scores?: Record<string, number>;
  /** For this case instead of the file's. */
  tolerance?: number;
}

/** One golden request as it went. */
export interface GoldenAnswer {
  text: string;
  expected: string | undefined;
  /** The label it answered; undefined when it answered none. */
  answered: string | undefined;
  /** The largest distance of a score from the recorded one. */
  difference: number | undefined;
  /** From request to answer, network included. */
  ms: number;
  /** Set when this request started a worker: how long that worker's init took. */
  initMs: number | undefined;
  /** Why it does not count as right; undefined when it does. */
  failure: string | undefined;
}

/** Reads golden.json. @throws ShapeError naming the field */
export function parseGolden(json: unknown): Golden {
  const file = record(json, 'golden.json');
  if (file.schemaVersion !== 1)
    throw new ShapeError(
      `golden.json has schemaVersion ${JSON.stringify(file.schemaVersion)}; this reads 1`,
      'Export the model again with this repository.',
    );
  const tolerance = number(file.tolerance, 'golden.json: tolerance');
  if (tolerance < 0) throw shapeError('golden.json: tolerance', 'a number that is not negative');
  if (!Array.isArray(file.cases) || file.cases.length === 0)
    throw shapeError('golden.json: cases', 'a list with at least one case');
  return {
    tolerance,
    cases: file.cases.map((value, index) => parseCase(value, `golden.json: cases[${index}]`)),
  };
}

/** Several files as one; each case keeps the tolerance of its file. */
export function mergeGolden(files: Golden[]): Golden {
  return {
    tolerance: 0,
    cases: files.flatMap(({ tolerance, cases }) => cases.map((golden) => ({ tolerance, ...golden }))),
  };
}

function parseCase(value: unknown, where: string): GoldenCase {
  const golden = record(value, where);
  const text = string(golden.text, `${where}.text`);
  const label = string(golden.label, `${where}.label`);
  if (golden.scores === undefined) return { text, label };
  const scores = Object.entries(record(golden.scores, `${where}.scores`));
  return {
    text,
    label,
    scores: Object.fromEntries(
      scores.map(([name, score]) => [name, number(score, `${where}.scores.${name}`)]),
    ),
  };
}

/** The largest distance between recorded and answered scores; a label that only one side has counts as 1. */
export function difference(expected: Record<string, number>, answered: Record<string, number>): number {
  const labels = new Set([...Object.keys(expected), ...Object.keys(answered)]);
  return Math.max(
    0,
    ...[...labels].map((label) => {
      const [a, b] = [expected[label], answered[label]];
      return a === undefined || b === undefined ? 1 : Math.abs(a - b);
    }),
  );
}
