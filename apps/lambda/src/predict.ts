import type { Timing } from '@mainline/classifier';
import { RequestError } from './errors.ts';
import type { Limits } from './limits.ts';
import type { Report, Service } from './service.ts';

/** The answer to a prediction request, in the order of its texts. */
export interface PredictAnswer {
  model: { name: string; version: string };
  predictions: { label: string; score: number; scores: Record<string, number>; truncated: boolean }[];
}

const shapes = 'Give {"text": "…"}, {"texts": ["…", …]} or {"sentence": "…"}';

/** The texts of a prediction request; throws a RequestError with 422 or 413 that says what is wrong with it. */
export function readTexts(json: unknown, limits: Limits): string[] {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw invalid(`${shapes}.`);
  const fields = new Map(Object.entries(json));
  const given = ['text', 'texts', 'sentence'].filter((field) => fields.has(field));
  if (given.length !== 1)
    throw invalid(given.length ? `${shapes}, not ${given.join(' and ')} together.` : `${shapes}.`);
  const field = given[0]!;
  const value: unknown = fields.get(field);
  const texts: unknown[] = field === 'texts' ? readList(value) : [value];
  if (texts.length > limits.texts)
    throw tooLarge(`"texts" has ${texts.length} texts, at most ${limits.texts} are answered at once.`);
  return texts.map((text, i) => readText(text, field === 'texts' ? `"texts"[${i}]` : `"${field}"`, limits));
}

/** Classifies the texts and says which model did; the report and the metrics learn how it went. */
export async function predict(texts: string[], service: Service, report: Report): Promise<PredictAnswer> {
  const { name, version } = service.classifier.manifest;
  let timing: Timing = { tokenizeMs: 0, runMs: 0 };
  const predictions = await service.classifier.classify(texts, (taken) => {
    timing = taken;
  });
  report.texts += texts.length;
  report.truncated += predictions.filter(({ truncated }) => truncated).length;
  report.tokenizeMs += timing.tokenizeMs;
  report.runMs += timing.runMs;
  service.metrics.record(predictions, timing);
  return {
    model: { name, version },
    predictions: predictions.map(({ label, score, scores, truncated }) => ({
      label,
      score,
      scores,
      truncated,
    })),
  };
}

function readList(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw invalid('"texts" must be a list of texts.');
  if (!value.length) throw invalid('"texts" is empty: give one text or more.');
  return value;
}

function readText(value: unknown, where: string, limits: Limits): string {
  if (typeof value !== 'string') throw invalid(`${where} must be a text.`);
  if (value.trim() === '') throw invalid(`${where} is empty: there is nothing to classify.`);
  const sizeBytes = Buffer.byteLength(value);
  if (sizeBytes > limits.textBytes)
    throw tooLarge(`${where} has ${sizeBytes} bytes, at most ${limits.textBytes} are read.`);
  return value;
}

const invalid = (message: string) => new RequestError(422, 'invalid_request', message);
const tooLarge = (message: string) => new RequestError(413, 'too_large', message);
