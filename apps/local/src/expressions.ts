import { data, Evaluator, ExpressionError, Lexer, Parser } from '@actions/expressions';
import { WorkflowError } from './errors.ts';

/** What an expression may read: plain JSON by context name (`github`, `env`, `vars`, `steps`, …). */
export type Contexts = Record<string, unknown>;

/** Whether the job has failed so far, for `success()`, `failure()` and `always()`. */
export interface JobState {
  failed: boolean;
}

// GitHub's own evaluator lacks the functions that only the runner can answer.
const statusFunctions = (state: JobState) =>
  new Map(
    Object.entries({
      success: !state.failed,
      failure: state.failed,
      always: true,
      cancelled: false,
    }).map(([name, answer]) => [
      name,
      { name, minArgs: 0, maxArgs: 0, call: (): data.ExpressionData => new data.BooleanData(answer) },
    ]),
  );

function evaluate(expression: string, contexts: Contexts, state: JobState): data.ExpressionData {
  const functions = statusFunctions(state);
  try {
    const { tokens } = new Lexer(expression).lex();
    const tree = new Parser(tokens, Object.keys(contexts), [...functions.values()]).parse();
    const values = JSON.parse(JSON.stringify(contexts), data.reviver);
    return new Evaluator(tree, values, functions).evaluate();
  } catch (cause) {
    const what = cause instanceof ExpressionError ? cause.message : String(cause);
    throw new WorkflowError(
      `the expression \${{ ${expression} }} can't be evaluated: ${what}`,
      'Mend it in the workflow file; GitHub would refuse it too.',
      { cause },
    );
  }
}

/** Replaces each `${{ … }}` in a string by its value, as the runner does before a step sees it. */
export function interpolate(template: string, contexts: Contexts, state: JobState): string {
  return template.replace(/\$\{\{([\s\S]*?)\}\}/g, (_, expression: string) =>
    evaluate(expression.trim(), contexts, state).coerceString(),
  );
}

/** Decides an `if:`; one that names no status function means `success() && (…)`, as on GitHub. */
export function isTrue(condition: string | undefined, contexts: Contexts, state: JobState): boolean {
  if (condition === undefined) return !state.failed;
  const bare = condition.trim().replace(/^\$\{\{([\s\S]*)\}\}$/, '$1');
  const asksStatus = /\b(success|failure|always|cancelled)\s*\(/.test(bare);
  if (!asksStatus && state.failed) return false;
  const value = evaluate(`!!(${bare})`, contexts, state);
  return value.coerceString() === 'true';
}
