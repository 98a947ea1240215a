import { InvokeCommand } from '@aws-sdk/client-lambda';
import { parseAnswer } from '../answer.ts';
import { GoldenFailed } from '../errors.ts';
import { difference, type Golden, type GoldenAnswer, type GoldenCase } from '../golden.ts';
import type { Lambda } from '../patience.ts';

/**
 * Asks one very version every golden text, one after the other; the first waits for a worker to start.
 * @throws GoldenFailed naming each text with another label, a score out of tolerance, or no answer
 */
export async function askGolden(
  lambda: Lambda,
  target: { functionName: string; version: string; modelVersion?: string },
  golden: Golden,
): Promise<GoldenAnswer[]> {
  const answers: GoldenAnswer[] = [];
  for (const asked of golden.cases) answers.push(await askOne(lambda, target, asked, golden.tolerance));
  const failed = answers.filter((answer) => answer.failure);
  if (failed.length > 0)
    throw new GoldenFailed(
      [
        `Version ${target.version} of ${target.functionName} failed ${failed.length} of ${answers.length} golden requests:`,
        ...failed.slice(0, 5).map((answer) => `  "${shorten(answer.text)}": ${answer.failure}`),
        ...(failed.length > 5 ? [`  … and ${failed.length - 5} more`] : []),
      ].join('\n'),
      `The alias was not moved. The function's own words are in the log group /aws/lambda/${target.functionName}.`,
    );
  return answers;
}

async function askOne(
  lambda: Lambda,
  target: { functionName: string; version: string; modelVersion?: string },
  { text, label, scores }: GoldenCase,
  tolerance: number,
): Promise<GoldenAnswer> {
  const started = performance.now();
  const response = await lambda.send(
    new InvokeCommand({
      FunctionName: target.functionName,
      Qualifier: target.version,
      LogType: 'Tail',
      Payload: new TextEncoder().encode(JSON.stringify({ text })),
    }),
  );
  const report = {
    text,
    expected: label,
    answered: undefined,
    difference: undefined,
    ms: performance.now() - started,
    initMs: initDuration(response.LogResult),
    failure: undefined,
  };
  const body = new TextDecoder().decode(response.Payload);
  if (response.FunctionError) return { ...report, failure: functionError(body) };
  try {
    const answer = parseAnswer(JSON.parse(body));
    const off = difference(scores, answer.scores);
    const failure =
      target.modelVersion && answer.model.version !== target.modelVersion
        ? `model ${answer.model.version} answered, not ${target.modelVersion}`
        : answer.label !== label
          ? `it says ${answer.label}, not ${label}`
          : off > tolerance
            ? `a score is off by ${off.toFixed(4)}, more than ${tolerance}`
            : undefined;
    return { ...report, answered: answer.label, difference: off, failure };
  } catch (error) {
    return { ...report, failure: error instanceof Error ? error.message : String(error) };
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
