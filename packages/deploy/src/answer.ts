import { number, record, string } from './shape.ts';

/** What the function answered to one text. */
export interface Answer {
  model: { name: string; version: string };
  label: string;
  scores: Record<string, number>;
}

/** Reads a direct invocation's payload; an error body of the prediction contract becomes an Error with its words. */
export function parseAnswer(json: unknown): Answer {
  const body = record(json, 'the answer');
  if (typeof body.error === 'object' && body.error !== null) {
    const error = record(body.error, 'error');
    throw new Error(
      `it answered ${String(body.statusCode ?? '')} ${String(error.code)}: ${String(error.message)}`,
    );
  }
  const model = record(body.model, 'model');
  const predictions: unknown = body.predictions;
  const prediction = record(Array.isArray(predictions) ? predictions[0] : undefined, 'predictions[0]');
  const scores = Object.entries(record(prediction.scores, 'predictions[0].scores'));
  return {
    model: { name: string(model.name, 'model.name'), version: string(model.version, 'model.version') },
    label: string(prediction.label, 'predictions[0].label'),
    scores: Object.fromEntries(scores.map(([label, score]) => [label, number(score, `scores.${label}`)])),
  };
}
