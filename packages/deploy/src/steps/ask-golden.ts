import { InvokeCommand } from '@aws-sdk/client-lambda';
import { parseAnswer } from '../answer.ts';
import type { Lambda } from '../aws/lambda.ts';
import { GoldenFailed } from '../errors.ts';
import { difference, type Golden, type GoldenAnswer, type GoldenCase } from '../golden.ts';

/** Whom to ask: one very version, and which model has to answer (any, if left out). */
export interface Asked {
  functionName: string;
  version: string;
  modelVersion: string | undefined;
}

/** Tells the function whom it answers: one that has put off part of its start can finish that, and fail by it, now. */
const clientContext = Buffer.from(JSON.stringify({ custom: { purpose: 'golden' } })).toString('base64');

/**
 * Asks one very version every golden text, one after the other; the first waits for a worker to start.
 * @throws GoldenFailed naming each text with another label, a score out of tolerance, or no answer
 */
export async function askGolden(lambda: Lambda, asked: Asked, golden: Golden): Promise<GoldenAnswer[]> {
  const answers: GoldenAnswer[] = [];
  for (const one of golden.cases) answers.push(await ask(lambda, asked, one, golden.tolerance));
  const failed = answers.filter((answer) => answer.failure);
  if (failed.length > 0)
    throw new GoldenFailed(
      [
        `Version ${asked.version} of ${asked.functionName} failed ${failed.length} of ${answers.length} golden requests:`,
        ...failed.slice(0, 5).map((answer) => `  "${shorten(answer.text)}": ${answer.failure}`),
        ...(failed.length > 5 ? [`  … and ${failed.length - 5} more`] : []),
      ].join('\n'),
      `It gets no traffic. The function's own words are in the log group /aws/lambda/${asked.functionName}.`,
    );
  return answers;
}

async function ask(
  lambda: Lambda,
  asked: Asked,
  golden: GoldenCase,
  tolerance: number,
): Promise<GoldenAnswer> {
  const started = performance.now();
  const response = await lambda.send(
    new InvokeCommand({
      FunctionName: asked.functionName,
      Qualifier: asked.version,
      LogType: 'Tail',
      ClientContext: clientContext,
      Payload: new TextEncoder().encode(JSON.stringify({ text: golden.text })),
    }),
  );
  const body = new TextDecoder().decode(response.Payload);
  return {
    text: golden.text,
    expected: golden.label,
    ms: performance.now() - started,
    initMs: initDuration(response.LogResult),
    ...(response.FunctionError
      ? { answered: undefined, difference: undefined, failure: functionError(body) }
      : judge(body, asked.modelVersion, golden, golden.tolerance ?? tolerance)),
  };
}

function judge(
  body: string,
  modelVersion: string | undefined,
  { label, scores }: GoldenCase,
  tolerance: number,
): Pick<GoldenAnswer, 'answered' | 'difference' | 'failure'> {
  try {
    const answer = parseAnswer(JSON.parse(body));
    const off = scores && difference(scores, answer.scores);
    const facts = { answered: answer.label, difference: off };
    if (modelVersion && answer.model.version !== modelVersion)
      return { ...facts, failure: `model ${answer.model.version} answered, not ${modelVersion}` };
    if (label && answer.label !== label)
      return { ...facts, failure: `it says ${answer.label}, not ${label}` };
    if (off !== undefined && off > tolerance)
      return { ...facts, failure: `a score is off by ${off.toFixed(4)}, more than ${tolerance}` };
    return { ...facts, failure: undefined };
  } catch (error) {
    return {
      answered: undefined,
      difference: undefined,
      failure: error instanceof Error ? error.message : String(error),
    };
  }
}

/** The runtime's error body: {"errorType","errorMessage"}. */
function functionError(body: string): string {
  try {
    const { errorType, errorMessage } = JSON.parse(body);
    return `it threw ${errorType ?? 'an error'}: ${errorMessage}`;
  } catch {
    return 'it ended without an answer';
  }
}

function initDuration(logResult: string | undefined): number | undefined {
  const log = Buffer.from(logResult ?? '', 'base64').toString('utf8');
  const ms = log.match(/Init Duration: ([\d.]+) ms/)?.[1];
  return ms ? Number(ms) : undefined;
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
