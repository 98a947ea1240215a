import type { InputSpec, Inputs } from './inputs.ts';

/** What an action may do to the job it runs in; `run` gives it the real thing, a test a plain object. */
export interface Job {
  log: (line: string) => void;
  /** A warning, drawn at a file of the user's where there is one. */
  warn: (line: string, at?: { file?: string | undefined }) => void;
  /** Strikes a value out of every later log line. */
  mask: (secret: string) => void;
  /** GITHUB_* as the runner sets them; `runUrl` is where this run's log can be read. */
  github: { sha?: string; repository?: string; apiUrl: string; workspace: string; runUrl?: string };
  /** Aborts when the job is cancelled. */
  signal: AbortSignal;
}

/** What an action hands back: its outputs by action.yml's names (some may be left unset), and the job summary. */
export interface Report<Output extends string> {
  outputs: { [Name in Output]?: string | number | boolean | undefined };
  summary?: string;
}

/** One action: its inputs, its outputs, and what it does between parsing the one and setting the other. */
export interface Action<Spec extends InputSpec = InputSpec, Output extends string = string> {
  name: string;
  inputs: Spec;
  outputs: readonly Output[];
  perform(inputs: Inputs<Spec>, job: Job): Promise<Report<Output>>;
}

/** Ties the types of an action's inputs and outputs to its `perform`. */
export function defineAction<const Spec extends InputSpec, const Output extends string>(
  action: Action<Spec, Output>,
): Action<Spec, Output> {
  return action;
}
